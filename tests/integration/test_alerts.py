"""Alerts: told once when a figure is bad, once when it is good again, and by no restart twice."""
import itertools
import json

import pytest
from processes import wait_until
from program import KEY, Program
from receivers import SECRET, door, endpoint, knock, now, signed

NUMBERS = itertools.count()


@pytest.fixture(name="watched")
def make_watched(tmp_path):
    program = Program(tmp_path / "program", settings={
        "alerts": {"interval_s": 1, "window_s": 10, "failure_attempts_min": 5}})
    try:
        yield program.start()
    finally:
        program.close()


def speak(program, name, secret=SECRET):
    """A new event at the door, signed with that secret; the status."""
    body = json.dumps({"event_type": "a.b", "webhook_id": f"evt_{next(NUMBERS)}",
                       "timestamp": now()}).encode()
    return knock(program, name, body, signed(body, secret)).status


def told(receiver, path):
    """(type, alert) of the events that came, in order; their payloads as well. One that came a
    second time, because a kill met its delivery, is the same event."""
    came = [one["payload"] for one in receiver.deliveries(path=path)]
    payloads = list({one["webhook_id"]: one for one in came}.values())
    return [(one["event_type"], one.get("alert", one.get("source"))) for one in payloads], payloads


def wait_for(receiver, path, expected):
    wait_until(lambda: set(expected) <= set(told(receiver, path)[0]), 60,
               lambda: f"{expected} are told; so far {told(receiver, path)[0]}")


def metric(program, name):
    text = program.call("GET", "/metrics", key=None).body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(line.split()[-1])


def test_failures_and_dead_letters_are_told_and_their_end_as_well(watched, receiver):
    endpoint(watched, f"{receiver.url}/alerts", ["alert.*"])
    bad = endpoint(watched, f"{receiver.url}/always/500/bad", ["webhook.test"],
                   retry_schedule=[0.1, 0.1, 0.1, 0.1])
    watched.call("POST", f"/v1/webhooks/{bad}/test", {}).expect(202)
    wait_for(receiver, "/alerts", [("alert.raised", "dead_letters"),
                                   ("alert.raised", "failure_rate")])
    assert metric(watched, 'verihook_alerts{alert="dead_letters"}') == 1
    for payload in told(receiver, "/alerts")[1]:
        assert payload["value"] > payload["limit"] and payload["message"].endswith(".")
    watched.restart()
    watched.call("PATCH", f"/v1/webhooks/{bad}", {"url": f"{receiver.url}/mended"}).expect(200)
    watched.post("/v1/dead-letters/requeue", {}, 202)
    wait_for(receiver, "/alerts", [("alert.cleared", "dead_letters")])
    raised = [one for one in told(receiver, "/alerts")[0] if one[0] == "alert.raised"]
    assert len(raised) == len(set(raised)), raised
    assert metric(watched, 'verihook_alerts{alert="dead_letters"}') == 0


def test_a_source_that_falls_silent_is_told(watched, receiver):
    endpoint(watched, f"{receiver.url}/silent", ["alert.*"])
    door(watched, "quiet", settings={"silence_s": 1})
    assert speak(watched, "quiet") == 200
    wait_for(receiver, "/silent", [("alert.raised", "source_silent")])
    (payload,) = [one for one in told(receiver, "/silent")[1] if one["alert"] == "source_silent"]
    assert payload["subject"] == "quiet"
    (source,) = watched.pages("/v1/sources")
    watched.call("PATCH", f"/v1/sources/{source['source_id']}",
                 {"settings": {"silence_s": 3600}}).expect(200)
    assert speak(watched, "quiet") == 200
    wait_for(receiver, "/silent", [("alert.cleared", "source_silent")])


def test_a_source_that_refuses_what_it_used_to_accept_is_told_once(watched, receiver):
    endpoint(watched, f"{receiver.url}/rejecting", ["source.*"])
    door(watched, "new")
    for _ in range(20):
        assert speak(watched, "new", "wrong") == 401
    door(watched, "used")
    assert speak(watched, "used") == 200
    for _ in range(20):
        assert speak(watched, "used", "wrong") == 401
    wait_for(receiver, "/rejecting", [("source.rejecting", "used")])
    types, (payload,) = told(receiver, "/rejecting")
    assert types == [("source.rejecting", "used")]      # "new" has never accepted anything
    assert payload["rejected_count"] >= 10 and payload["last_reason"] == "Invalid signature"
    assert metric(watched, 'verihook_alerts{alert="source_rejecting"}') == 1
    # It recovers, and is told again when it refuses anew.
    for _ in range(60):
        assert speak(watched, "used") == 200
    wait_until(lambda: metric(watched, 'verihook_alerts{alert="source_rejecting"}') == 0, 60,
               "it has recovered")
    for _ in range(130):
        assert speak(watched, "used", "wrong") == 401
    wait_until(lambda: len(told(receiver, "/rejecting")[0]) == 2, 60, "it is told again")


def test_a_silence_must_be_a_number(watched):
    for wrong in (-1, "1", 1.5):
        answer = watched.call("POST", "/v1/sources", {
            "name": "wrong", "verifier": {"kind": "none"}, "settings": {"silence_s": wrong}},
            key=KEY)
        assert answer.status == 400 and "silence_s" in answer.json()["error"], answer
