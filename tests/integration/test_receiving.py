"""The door, POST /webhooks/{source}: the flows of a provider that is written in node."""
import datetime
import http.client
import itertools

import pytest
from processes import wait_until
from receivers import SECRET, door, endpoint, now, send_from_node, signature

NUMBERS = itertools.count()


def event(**more):
    return {"event_type": "bulk.completed", "webhook_id": f"wh_abc{next(NUMBERS)}",
            "job_id": "job_xyz789", "timestamp": now(), "status": "completed",
            "summary": {"total": 10, "valid": 8, "invalid": 2}, "processing_time_ms": 45000,
            "download_url": "https://api.example.com/v1/bulk/download/job_xyz789", **more}


@pytest.fixture(name="name")
def unused_name():
    return f"door{next(NUMBERS)}"


def send_one(url, payload, **more):
    return send_from_node(url, [{"payload": payload, **more}])[0]


def kept(program, name):
    return program.pages(f"/v1/events?source={name}")


def test_without_a_signature_with_a_wrong_and_with_the_right_one(program, name):
    url = door(program, name)
    sample = event()
    assert send_one(url, sample, signature=None)[0] == 401
    assert send_one(url, sample, signature=None)[1]["error"] == "Missing signature"
    status, answer = send_one(url, sample, signature="invalid_signature")
    assert (status, answer["error"]) == (401, "Invalid signature")
    status, answer = send_one(url, sample, signature="0" * 64)
    assert (status, answer["error"]) == (401, "Invalid signature")
    assert kept(program, name) == []
    assert send_one(url, sample) == (200, {"received": True})
    assert len(kept(program, name)) == 1


@pytest.mark.parametrize("text", ["plain", "Grüße aus Zürich", "日本語", "quote \" back \\ slash /",
                                  "\u2028 and 😀", "\t\n"])
def test_bodies_that_node_renders_are_taken_whatever_they_hold(program, name, text):
    url = door(program, name)
    assert send_one(url, event(note=text, number=0.1, big=1e21)) == (200, {"received": True})


def test_a_repeated_id_is_a_duplicate_and_is_kept_once(program, name):
    url = door(program, name)
    sample = event()
    assert send_one(url, sample) == (200, {"received": True})
    later = {**sample, "timestamp": now(1)}
    duplicate = (200, {"received": True, "duplicate": True})
    assert send_from_node(url, [{"payload": sample}, {"payload": later}]) == [duplicate] * 2
    assert len(kept(program, name)) == 1


def test_event_id_serves_where_there_is_no_webhook_id(program, name):
    url = door(program, name)
    sample = event(event_id="e-1")
    del sample["webhook_id"]
    assert send_one(url, sample) == (200, {"received": True})
    assert send_one(url, sample) == (200, {"received": True, "duplicate": True})


def test_ids_of_two_sources_do_not_meet(program, name):
    first, second = door(program, name), door(program, name + "-b")
    sample = event()
    assert send_one(first, sample) == send_one(second, sample) == (200, {"received": True})


@pytest.mark.parametrize("offset, status", [(-290, 200), (290, 200), (-320, 400), (320, 400),
                                            (-86_400, 400)])
def test_a_timestamp_may_be_300_seconds_off(program, name, offset, status):
    url = door(program, name)
    got, answer = send_one(url, event(timestamp=now(offset)))
    assert got == status
    assert answer == {"received": True} if status == 200 else (
        answer["error"] == "Invalid timestamp")


def test_the_tolerance_is_the_sources_own(program, name):
    url = door(program, name, timestamp_tolerance_s=10)
    assert send_one(url, event(timestamp=now(-60)))[0] == 400
    assert send_one(url, event(timestamp=now(-2)))[0] == 200


def test_an_address_outside_the_allowlist_is_forbidden_before_anything_else(program, name):
    url = door(program, name, ip_allowlist=["203.0.113.0/24", "198.51.100.0/24"])
    for more in ({}, {"signature": None}, {"signature": "bad"}):
        status, answer = send_one(url, event(), **more)
        assert (status, answer["error"]) == (403, "Forbidden")
    assert send_one(door(program, name + "-in", ip_allowlist=["127.0.0.0/8"]), event())[0] == 200


def test_a_forwarded_address_of_a_stranger_is_not_believed(program, name):
    url = door(program, name, ip_allowlist=["203.0.113.0/24"])
    assert send_one(url, event(), headers={"X-Forwarded-For": "203.0.113.9"})[0] == 403


def test_a_shadow_source_reports_and_lets_pass(program, name):
    url = door(program, name, mode="shadow")
    assert send_one(url, event(), signature="0" * 64) == (200, {"received": True})
    assert send_one(url, event(timestamp=now(-9999))) == (200, {"received": True})
    assert len(kept(program, name)) == 2


def test_an_unknown_door_is_not_found(program):
    assert send_one(f"{program.url}/webhooks/nobody", event())[0] == 404


def test_what_is_not_json_is_refused_although_its_signature_is_right(program, name):
    door(program, name)
    body = b"event_type=bulk.completed"
    answer = program.call("POST", f"/webhooks/{name}", raw=body, key=None,
                          headers={"X-Webhook-Signature": signature(body)})
    answer.expect(400)


def test_a_body_past_the_limit_of_the_source_is_refused(program, name):
    url = door(program, name, body_bytes_max=2_000)
    assert send_one(url, event(note="x" * 3_000))[0] == 413
    assert send_one(url, event(note="x" * 300))[0] == 200


def test_several_secrets_are_valid_at_once(program, name):
    verifier = {"kind": "hmac", "secrets": ["another-one", SECRET]}
    program.post("/v1/sources", {"name": name, "verifier": verifier}, 201)
    assert send_one(f"{program.url}/webhooks/{name}", event())[0] == 200


def test_a_closed_door_stays_closed(program, name):
    url = door(program, name)
    assert send_one(url, event())[0] == 200
    source = next(s for s in program.pages("/v1/sources") if s["name"] == name)
    program.call("DELETE", f"/v1/sources/{source['source_id']}").expect(204)
    assert send_one(url, event())[0] == 404


def test_the_event_is_kept_as_the_bytes_that_came(program, name):
    door(program, name)
    body = ('{ "webhook_id" : "spaced", "timestamp":"%s", "n": 1.0 }' % now()).encode()
    program.call("POST", f"/webhooks/{name}", raw=body, key=None,
                 headers={"X-Webhook-Signature": signature(body)}).expect(200)
    (stored,) = kept(program, name)
    assert stored["payload"] == body.decode()


def test_a_received_event_is_forwarded_and_signed_again(program, receiver, name):
    url = door(program, name)
    program.post("/v1/destinations", {"name": name, "kind": "http", "sources": [name],
                                      "url": f"{receiver.url}/{name}", "secret": SECRET}, 201)
    sample = event(note="forwarded")
    assert send_one(url, sample) == (200, {"received": True})
    (came,) = receiver.wait_for(1, path=f"/{name}")
    assert came["payload"] == sample
    assert came["checks"]["raw"] and came["checks"]["article"], came
    wait_until(lambda: kept(program, name)[0]["status"] == "processed", 20, "event processed")


def test_a_second_request_with_bad_framing_gets_no_answer_from_the_first(program, name):
    door(program, name)
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10)
    try:
        connection.putrequest("POST", f"/webhooks/{name}")
        connection.putheader("Content-Length", "5")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(b"0\r\n\r\n")
        assert connection.getresponse().status == 400
    finally:
        connection.close()


def test_the_metrics_of_the_door_are_the_articles(program, name):
    url = door(program, name)
    before = program.get("/metrics/webhooks", key=None)
    endpoint(program, "http://127.0.0.1:9/", ["webhook.test"])
    assert send_one(url, event())[0] == 200
    wait_until(lambda: kept(program, name)[0]["status"] == "processed", 20, "event processed")
    after = program.get("/metrics/webhooks", key=None)
    assert after["received"] == before["received"] + 1
    assert after["success_rate"].endswith("%") and float(after["success_rate"][:-1]) <= 100
    assert {"received", "processed", "failed", "success_rate", "avg_latency_ms"} <= set(after)


def test_the_time_of_an_event_is_utc(program, name):
    url = door(program, name)
    send_one(url, event())
    created = kept(program, name)[0]["created_at"]
    assert created.endswith("Z")
    then = datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) < 60
