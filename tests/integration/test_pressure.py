"""The door when the disk is nearly or wholly full: 503, nothing half taken, nothing lost."""
import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest
from processes import Process, wait_until
from program import START_SECONDS, Program, binary
from receivers import door, knock

ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=24m tmpfs "$1"
exec "$2" serve --config "$3"
"""


class SmallDisk(Program):
    """The program with its store on a file system of 24 MiB of its own."""

    def start(self):
        self.starts += 1
        arguments = ["unshare", "--mount", "bash", "-c", ON_A_SMALL_DISK, "small-disk",
                     str(self.disk), str(binary()), str(self.config)]
        self.process = Process("verihook", arguments, self.folder / "verihook.log",
                               self.environment, self.folder)
        self.process.start()
        self.process.wait_for(self.healthy, START_SECONDS, "answers /healthz")
        return self

    @property
    def disk(self):
        folder = self.folder / "disk"
        folder.mkdir(exist_ok=True)
        return folder

    def seen_from_outside(self):
        """The folder of the store, which only the program's own namespace has."""
        return Path(f"/proc/{self.process.child.pid}/root{self.disk}")


def small_disk(folder, free_bytes_min):
    folder = Path(folder) / "program"
    return SmallDisk(folder, settings={
        "store": {"url": f"sqlite:{folder}/disk/verihook.db"},
        "receive": {"disk_free_bytes_min": free_bytes_min}})


def send(program, number, size=1000):
    body = json.dumps({"webhook_id": f"evt_{number}", "filler": "x" * size}).encode()
    return knock(program, "door", body)


def kept(program):
    return {json.loads(event["payload"])["webhook_id"]
            for event in program.pages("/v1/events?source=door")}


def fill(program, left):
    """Takes all of the disk but `left` bytes; the file that does."""
    filler = program.seen_from_outside() / "filler"
    disk = os.statvfs(filler.parent)
    bytes_ = disk.f_bavail * disk.f_frsize - left
    subprocess.run(["fallocate", "-l", str(bytes_), str(filler)], check=True)
    return filler


@pytest.fixture(name="start")
def make_start(tmp_path):
    programs = []

    def start(free_bytes_min):
        programs.append(small_disk(tmp_path, free_bytes_min))
        program = programs[-1].start()
        door(program, "door")
        return program
    yield start
    for program in programs:
        program.close()


def test_the_door_shuts_before_the_disk_is_full_and_opens_by_itself(start):
    program = start(4 << 20)
    assert send(program, 1).status == 200
    filler = fill(program, 2 << 20)
    refused = wait_until(lambda: (answer := send(program, 2)).status == 503 and answer, 30,
                         "the door is shut")
    assert int(refused.headers["retry-after"]) > 0
    metrics = program.call("GET", "/metrics", key=None).body.decode()
    assert "verihook_webhook_door_shut 1" in metrics
    # Reads go on, and what was refused was not taken.
    before = kept(program)
    assert send(program, 3).status == 503
    assert kept(program) == before
    filler.unlink()
    wait_until(lambda: send(program, 3).status == 200, 30, "the door is open again")
    assert "evt_3" in kept(program)


def test_a_disk_that_is_full_refuses_and_loses_nothing(start):
    program = start(0)
    answers = {number: send(program, number).status for number in range(20)}
    filler = fill(program, 256 << 10)
    for number in range(20, 400):
        answers[number] = send(program, number, 20_000).status
        if answers[number] == 503:
            break
    assert 503 in answers.values() and set(answers.values()) <= {200, 503}
    assert kept(program) == {f"evt_{n}" for n, status in answers.items() if status == 200}
    filler.unlink()
    refused = [number for number, status in answers.items() if status == 503]
    wait_until(lambda: send(program, refused[0], 20_000).status == 200, 30,
               "it goes on by itself")
    assert kept(program) == {f"evt_{number}" for number in answers}


def test_the_door_shuts_while_a_working_destination_is_served_too_late(tmp_path, receiver):
    program = Program(tmp_path / "program", settings={"receive": {"queue_age_s_max": 1}})
    try:
        program.start()
        door(program, "door")
        slow = program.post("/v1/destinations", {
            "name": "slow", "kind": "http", "url": f"{receiver.url}/slow", "sources": ["door"],
            "events": ["*"], "rate_per_second": 0.01}, 201)["destination_id"]
        numbers = itertools.count()
        assert send(program, next(numbers)).status == 200
        wait_until(lambda: send(program, next(numbers)).status == 503, 60, "the door is shut")
        program.call("DELETE", f"/v1/destinations/{slow}").expect(204)
        wait_until(lambda: send(program, next(numbers)).status == 200, 60,
                   "the door is open again")
    finally:
        program.close()
