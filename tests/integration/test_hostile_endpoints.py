"""Endpoints of 26 hostile kinds at once: each attempt ends in its time, the log says why, memory
stays flat, and a healthy endpoint beside them notices nothing.

VERIHOOK_HOSTILE_EVENTS says how many events each of them gets (2).
"""
import datetime
import os
import time
from pathlib import Path

import pytest
from hostile import Hostile
from processes import wait_until
from program import Program
from receivers import endpoint

EVENTS = int(os.environ.get("VERIHOOK_HOSTILE_EVENTS", "2"))
ATTEMPT_SECONDS = 16.5      # its limit, and a second of grace
GROWTH_MIB = 96
# Else a sanitizer keeps 256 MiB of what was freed.
ENVIRONMENT = {"ASAN_OPTIONS": "quarantine_size_mb=8"}


@pytest.fixture(name="hostile")
def all_kinds(tmp_path):
    hostile = Hostile(tmp_path)
    yield hostile
    hostile.close()


@pytest.fixture(name="own_program")
def frugal_program(tmp_path):
    program = Program(tmp_path / "program")
    program.environment = ENVIRONMENT
    try:
        yield program.start()
    finally:
        program.close()


def memory_mib(program):
    status = Path(f"/proc/{program.process.child.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def attempts_of(program, hook):
    """All that were made to this endpoint, with the delivery of each."""
    found = []
    for delivery in program.pages(f"/v1/webhooks/{hook}/deliveries"):
        whole = program.get(f"/v1/deliveries/{delivery['delivery_id']}")
        found += [(whole, attempt) for attempt in whole["attempts"]]
    return found


class Owners:
    """Of the endpoints. After five failures in a row a breaker waits a minute for each attempt; who
    resumes his endpoint has it asked at once."""

    def __init__(self, program, hooks):
        self.program, self.hooks, self.next = program, hooks, 0

    def insist(self):
        if EVENTS < 5 or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + 5
        for hook in self.hooks:
            self.program.call("POST", f"/v1/webhooks/{hook}/resume")


def test_the_log_says_what_each_did_and_nobody_else_is_delayed(own_program, receiver, hostile):
    healthy = endpoint(own_program, f"{receiver.url}/beside", ["webhook.test"])
    hooks = {name: endpoint(own_program, url, ["webhook.test"], retry_schedule=[5000])
             for name, (url, _) in hostile.kinds.items()}
    own_program.post(f"/v1/webhooks/{healthy}/test", {}, 202)
    receiver.wait_for(1, path="/beside")
    before = memory_mib(own_program)
    for _ in range(EVENTS):
        for hook in hooks.values():
            own_program.post(f"/v1/webhooks/{hook}/test", {}, 202)
    # While the slow ones still run.
    asked = time.monotonic()
    own_program.post(f"/v1/webhooks/{healthy}/test", {}, 202)
    receiver.wait_for(2, seconds=5, path="/beside")
    assert time.monotonic() - asked < 5
    owners = Owners(own_program, hooks.values())

    def all_made(hook):
        owners.insist()
        found = attempts_of(own_program, hook)
        return found if len(found) >= EVENTS else None
    for name, hook in hooks.items():
        # An endpoint that has not answered yet is asked one at a time.
        made = wait_until(lambda hook=hook: all_made(hook), 60 + EVENTS * ATTEMPT_SECONDS,
                          lambda name=name: f"{EVENTS} attempts to {name}")
        expected = hostile.kinds[name][1]
        for delivery, attempt in made:
            check(name, expected, delivery, attempt)
    assert hostile.visitors_inside() == 0
    assert memory_mib(own_program) - before < GROWTH_MIB


def check(name, expected, delivery, attempt):
    what = f"{name}: {attempt}"
    assert attempt["latency_ms"] < ATTEMPT_SECONDS * 1000, what
    assert len(attempt["response"] or "") <= 4096, what
    if isinstance(expected, str):
        assert attempt["error_class"] == expected and attempt["status_code"] == 0, what
    else:
        assert attempt["status_code"] == expected, what
        assert attempt["error_class"] == (None if expected == 200 else "http_status"), what
    assert delivery["status"] == ("delivered" if expected == 200 else "pending"), what
    if expected in (429, 503):
        due, began = (datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))
                      for at in (delivery["next_attempt_at"], attempt["started_at"]))
        wait = (due - began).total_seconds()
        assert 11.9 * 3600 < wait <= 12 * 3600 + ATTEMPT_SECONDS, what
    phases = attempt["phases"]
    assert phases["dns_ms"] is None, what
    assert phases["connect_ms"] > 0, what
    assert (phases["first_byte_ms"] is not None) or attempt["status_code"] == 0, what
