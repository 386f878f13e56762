"""verihook listen: events on a stream to whoever has no public address, and nothing lost on it."""
import http.client
import json
import signal

import pytest
from processes import Process, wait_until
from program import KEY, binary
from receivers import SECRET, assert_authentic

PREFIX = "https://listen.invalid/"


def listeners(program):
    return [hook for hook in program.pages("/v1/webhooks") if hook["url"].startswith(PREFIX)]


@pytest.fixture(name="listen")
def listen_process(program, receiver, tmp_path):
    """Forwards to a path of the receiver; (process, webhook_id, path)."""
    path = f"/listen/{tmp_path.name}"
    process = Process("listen", [binary(), "listen", "--server", program.url, "--api-key", KEY,
                                 "--secret", SECRET, "--events", "webhook.test",
                                 "--forward-to", receiver.url + path], tmp_path / "listen.log")
    process.start()
    try:
        (hook,) = process.wait_for(lambda: listeners(program), 30, "registers")
        yield process, hook["webhook_id"], path
    finally:
        process.end(signal.SIGINT)


def send_test(program, hook):
    return program.post(f"/v1/webhooks/{hook}/test", {}, 202)["event_id"]


def delivery(program, hook, event_id, status, seconds=60):
    def there():
        (found,) = program.get(f"/v1/webhooks/{hook}/deliveries?event_id={event_id}")["data"]
        return found if found["status"] == status else None
    found = wait_until(there, seconds, f"delivery of {event_id} {status}")
    return program.get(f"/v1/deliveries/{found['delivery_id']}")


def test_events_are_forwarded_and_answers_logged(program, receiver, listen):
    process, hook, path = listen
    event_id = send_test(program, hook)
    (came,) = receiver.wait_for(1, path=path)
    assert_authentic(came)
    assert came["payload"]["webhook_id"] == event_id
    (attempt,) = delivery(program, hook, event_id, "delivered")["attempts"]
    assert attempt["status_code"] == 200 and "received" in attempt["response"], attempt
    process.wait_for(lambda: f"webhook.test {event_id} 200" in process.output(), 10, "tells of it")


def test_it_connects_again_after_the_server_was_killed(program, receiver, listen):
    process, hook, path = listen
    send_test(program, hook)
    receiver.wait_for(1, path=path)
    program.restart()
    event_id = send_test(program, hook)
    receiver.wait_for(2, path=path)
    delivery(program, hook, event_id, "delivered")
    assert "connecting again" in process.output()


def test_it_notices_that_the_server_says_nothing_any_more(program, receiver, listen):
    process, hook, path = listen
    send_test(program, hook)
    receiver.wait_for(1, path=path)
    program.process.child.send_signal(signal.SIGSTOP)
    try:
        process.wait_for(lambda: "connecting again" in process.output(), 60, "notices")
    finally:
        program.process.child.send_signal(signal.SIGCONT)
    event_id = send_test(program, hook)
    receiver.wait_for(2, path=path)
    delivery(program, hook, event_id, "delivered")


def test_an_interrupt_ends_it_and_takes_its_endpoint_away(program, listen):
    process, hook, _ = listen
    assert process.end(signal.SIGINT, 20) == 0, process.tail()
    program.call("GET", f"/v1/webhooks/{hook}").expect(404)


class Stream:
    """One connection to a listener's events."""

    def __init__(self, program, hook):
        self.connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=30)
        self.connection.request("GET", f"/v1/listeners/{hook}/stream",
                                headers={"Authorization": f"Bearer {KEY}"})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def next(self):
        """The next request."""
        while True:
            line = self.response.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                return json.loads(line[len(b"data: "):])

    def close(self):
        self.response.close()
        self.connection.close()


def test_what_was_not_answered_comes_again_on_the_next_connection(program):
    hook = program.post("/v1/listeners", {"events": ["webhook.test"]}, 201)["webhook_id"]
    event_id = send_test(program, hook)
    first = Stream(program, hook)
    assert first.next()["headers"]["webhook-id"] == event_id
    first.close()
    second = Stream(program, hook)
    request = second.next()
    assert request["headers"]["webhook-id"] == event_id
    assert json.loads(request["body"])["webhook_id"] == event_id
    answers = f"/v1/listeners/{hook}/answers"
    program.call("POST", answers, {"number": request["number"] + 9, "status": 200}).expect(404)
    program.call("POST", answers, {"number": request["number"]}).expect(400)
    program.post(answers, {"number": request["number"], "status": 200, "body": "seen"})
    assert delivery(program, hook, event_id, "delivered")["attempts"][-1]["response"] == "seen"
    second.close()
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


def test_nobody_listens_to_somebody_elses_events(program):
    hook = program.post("/v1/listeners", {}, 201)["webhook_id"]
    tenant = program.post("/v1/tenants", {"name": "other"}, 201)["tenant_id"]
    key = program.post("/v1/keys", {"name": "k", "tenant_id": tenant, "scope": "write"}, 201)["key"]
    program.call("GET", f"/v1/listeners/{hook}/stream", key=key).expect(404)
    program.call("POST", f"/v1/listeners/{hook}/answers", {"number": 1, "status": 200},
                 key=key).expect(404)
    refused = program.call("POST", "/v1/webhooks", {"url": PREFIX + hook, "events": ["*"]}, key=key)
    assert refused.status == 400 and "listen" in refused.json()["error"], refused
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


def test_an_open_stream_does_not_hold_up_the_end_of_the_program(own_program):
    hook = own_program.post("/v1/listeners", {}, 201)["webhook_id"]
    stream = Stream(own_program, hook)
    assert own_program.stop(10) == 0
    stream.close()
