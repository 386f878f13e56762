"""The examples do what their texts say: they are started as users start them, and sent events."""
import json
import os
import subprocess
import sys

import pytest
from processes import Process
from program import ROOT, run_command
from receivers import SECRET, endpoint, now, send_from_node

EXAMPLES = {"node": ["node", ROOT / "examples/node-receiver/receiver.mjs"],
            "python": [sys.executable, ROOT / "examples/python-receiver/receiver.py"]}


class Example:
    """A running example; `events()` is what it wrote down."""

    def __init__(self, arguments, folder):
        self.file = folder / "events.jsonl"
        self.process = Process("example", arguments, folder / "example.log",
                               {"WEBHOOK_SECRET": SECRET, "PORT": "0",
                                "EVENTS_FILE": str(self.file)})
        self.url = None

    def start(self):
        started = self.process.output().count("listening") if self.process.child else 0
        self.process.start()
        self.process.wait_for(lambda: self.process.output().count("listening") > started, 20,
                              "listens")
        self.url = self.process.output().split("listening on ")[-1].split()[0]
        return self

    def events(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@pytest.fixture(name="example", params=EXAMPLES)
def running_example(request, tmp_path):
    example = Example(EXAMPLES[request.param], tmp_path)
    try:
        yield example.start()
    finally:
        example.process.end()


def sample(number, **more):
    return {"event_type": "bulk.completed", "webhook_id": f"evt_{number}", "job_id": "job_1",
            "timestamp": now(), "summary": {"total": 3, "valid": 2}, "download_url": "https://x/",
            "note": "Grüße", **more}


def test_it_tells_right_from_wrong(example):
    answers = send_from_node(example.url, [
        {"payload": sample(1)}, {"payload": sample(1)}, {"payload": sample(2), "signature": None},
        {"payload": sample(3), "signature": "0" * 64}, {"payload": sample(4), "signature": "short"},
        {"payload": sample(5, timestamp=now(-400))},
        {"payload": sample(6), "headers": {"webhook-id": "evt_6", "webhook-timestamp": "1",
                                           "webhook-signature": "v1,AAAA"}}])
    assert answers == [(200, {"received": True}), (200, {"received": True, "duplicate": True}),
                       (401, {"error": "Missing signature"}), (401, {"error": "Invalid signature"}),
                       (401, {"error": "Invalid signature"}), (400, {"error": "Invalid timestamp"}),
                       (401, {"error": "Invalid signature"})]
    assert [event["webhook_id"] for event in example.events()] == ["evt_1"]
    example.process.wait_for(lambda: "2 of 3 valid" in example.process.output(), 10, "works it off")


def test_it_knows_its_events_again_after_a_restart(example):
    assert send_from_node(example.url, [{"payload": sample(7)}]) == [(200, {"received": True})]
    example.process.end()
    example.start()
    again = send_from_node(example.url, [{"payload": sample(7)}])
    assert again == [(200, {"received": True, "duplicate": True})]


def test_it_takes_the_samples_of_the_program(example):
    for event in ("bulk.completed", "bulk.failed", "bulk.progress", "webhook.test"):
        done = run_command("trigger", event, "--to", example.url, "--secret", SECRET)
        assert done.returncode == 0, done
    assert [event["event_type"] for event in example.events()] == [
        "bulk.completed", "bulk.failed", "bulk.progress", "webhook.test"]


def test_it_takes_the_events_of_a_real_job(example, program):
    hook = endpoint(program, example.url, ["bulk.completed"])
    job_id = program.submit(["accepted_email@sandbox.test", "rejected_email@sandbox.test"])
    example.process.wait_for(lambda: f"job {job_id}: 1 of 2 valid" in example.process.output(), 60,
                             "has worked off the job's event")
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


@pytest.mark.parametrize("arguments", EXAMPLES.values(), ids=EXAMPLES)
def test_without_a_secret_it_does_not_start(arguments, tmp_path):
    environment = {name: os.environ[name] for name in os.environ if name != "WEBHOOK_SECRET"}
    done = subprocess.run([str(part) for part in arguments], capture_output=True, text=True,
                          timeout=30, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 2 and "WEBHOOK_SECRET" in done.stderr, done
