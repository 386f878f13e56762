"""Destinations of kind redis against a real redis-server, in health and in trouble."""
import json
import signal

import pytest

from processes import wait_until
from program import Program
from services import (
    Redis, attempts, close_breaker, deliveries, destination, knock, open_door, self_signed,
    wait_for_state)


@pytest.fixture(scope="module", name="here")
def one_program(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("redis") / "program")
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(scope="module", name="redis")
def one_server(tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis") / "server").start()
    yield redis
    redis.stop()


@pytest.fixture(name="own_redis")
def make_server(tmp_path):
    redis = Redis(tmp_path / "redis")
    yield redis
    redis.stop()


def test_an_event_becomes_an_entry_with_its_facts_and_its_bytes(here, redis):
    name = open_door(here, "entry")
    made = destination(here, name, kind="redis", url=redis.url("/2"), settings={"stream": "in"})
    shown = here.get(f"/v1/destinations/{made}")
    assert (shown["url"], shown["settings"]) == (redis.url("/2"), {"stream": "in"})
    body = '{ "event_type" : "order.paid", "webhook_id": "w1", "note" : "é", "n": 1.0 }'.encode()
    knock(here, name, body)
    delivered = wait_for_state(here, "delivered", source=name)
    (entry,) = redis.entries("in", database=2)
    (event,) = here.pages(f"/v1/events?source={name}")
    assert entry.pop("payload") == body.decode()
    assert entry == {"webhook_id": event["event_id"], "event_type": "order.paid", "source": name,
                     "tenant_id": "default", "created_at": event["created_at"], "dedup_key": "w1"}
    (attempt,) = here.get(f"/v1/deliveries/{delivered['delivery_id']}")["attempts"]
    (entry_id, _), = redis.ask("XRANGE", "in", "-", "+", database=2)
    assert attempt["response"] == entry_id


def test_a_stream_is_kept_to_its_length_and_one_connection_serves(here, redis):
    name = open_door(here, "length")
    destination(here, name, kind="redis", url=redis.url(),
                settings={"stream": "short", "length_max": 10, "length_exact": True})
    before = redis.connections()
    for number in range(50):
        knock(here, name, {"webhook_id": f"length-{number}"})
    wait_until(lambda: all(one["status"] == "delivered" for one in deliveries(here, source=name)),
               30, "all delivered")
    assert redis.ask("XLEN", "short") == 10
    # One of ours, and two of redis-cli.
    assert redis.connections() - before <= 3


def test_events_of_the_program_itself_go_where_no_source_is_named(here, redis):
    made = here.post("/v1/destinations", {"name": "own", "kind": "redis", "url": redis.url(),
                                          "sources": [], "events": ["bulk.completed"],
                                          "settings": {"stream": "own"}}, 201)
    job = here.submit(["accepted_email@sandbox.test"])
    wait_for_state(here, "delivered", job_id=job)
    (entry,) = redis.entries("own")
    payload = json.loads(entry["payload"])
    assert (entry["job_id"], payload["job_id"]) == (job, job)
    assert entry["webhook_id"] == payload["webhook_id"]
    here.call("DELETE", f"/v1/destinations/{made['destination_id']}").expect(204)


def test_a_key_of_another_type_is_a_dead_letter_at_once(here, redis):
    redis.ask("SET", "occupied", "x")
    name = open_door(here, "wrongtype")
    destination(here, name, kind="redis", url=redis.url(), settings={"stream": "occupied"})
    knock(here, name, {"webhook_id": "w"})
    wait_for_state(here, "dead", source=name)
    (attempt,) = attempts(here, source=name)
    assert attempt["error_class"] == "conflict"
    assert "WRONGTYPE" in attempt["error"], attempt


def test_a_password_is_used_sealed_and_never_shown(here, tmp_path):
    password = "sesame-9f3"
    redis = Redis(tmp_path / "redis", "--requirepass", password).start()
    try:
        name = open_door(here, "password")
        url = f"redis://:{password}@127.0.0.1:{redis.port}"
        answer = here.call("POST", "/v1/destinations", {
            "name": name, "kind": "redis", "sources": [name], "url": url})
        made = answer.expect(201)["destination_id"]
        shown = here.call("GET", f"/v1/destinations/{made}")
        for text in (answer.body, shown.body):
            assert password.encode() not in text and b'"has_credentials":true' in text
        knock(here, name, {"webhook_id": "w"})
        wait_for_state(here, "delivered", source=name)
        # Other settings leave it; another URL takes it along, wherever that leads.
        here.call("PATCH", f"/v1/destinations/{made}",
                  {"settings": {"stream": "other"}}).expect(200)
        knock(here, name, {"webhook_id": "w2"})
        wait_until(lambda: redis.ask("XLEN", "other") == 1, 20, "the other stream has it")
        here.call("PATCH", f"/v1/destinations/{made}", {"url": redis.url("/0")}).expect(200)
        knock(here, name, {"webhook_id": "w3"})
        dead = wait_until(lambda: [one for one in deliveries(here, source=name)
                                   if one["status"] == "dead"], 20, "a dead letter")
        shown = here.get(f"/v1/deliveries/{dead[0]['delivery_id']}")
        assert shown["attempts"][0]["error_class"] == "unauthorized", shown
        assert "NOAUTH" in shown["attempts"][0]["error"]
        files = [here.folder / "verihook.log", *here.folder.glob("verihook.db*")]
        assert not any(password.encode() in file.read_bytes() for file in files)
    finally:
        redis.stop()


def test_a_wrong_password_is_a_dead_letter_that_says_so(here, tmp_path):
    redis = Redis(tmp_path / "redis", "--requirepass", "right").start()
    try:
        name = open_door(here, "wrongpass")
        destination(here, name, kind="redis", url=f"redis://:wrong@127.0.0.1:{redis.port}")
        knock(here, name, {"webhook_id": "w"})
        wait_for_state(here, "dead", source=name)
        (attempt,) = attempts(here, source=name)
        assert attempt["error_class"] == "unauthorized" and "WRONGPASS" in attempt["error"]
    finally:
        redis.stop()


def test_what_nobody_took_is_delivered_once_the_server_is_there(here, own_redis):
    name = open_door(here, "later")
    destination(here, name, kind="redis", url=own_redis.url())
    knock(here, name, {"webhook_id": "w"})
    wait_until(lambda: attempts(here, source=name), 20, "a first attempt")
    own_redis.start()
    wait_for_state(here, "delivered", source=name, seconds=60)
    made = attempts(here, source=name)
    assert {one["error_class"] for one in made[:-1]} == {"connection_refused"}, made


def test_a_stalled_server_costs_one_attempt_and_nothing_else(here, own_redis, redis):
    own_redis.start()
    stalled, well = open_door(here, "stalled"), open_door(here, "well")
    destination(here, stalled, kind="redis", url=own_redis.url())
    destination(here, well, kind="redis", url=redis.url())
    own_redis.process.child.send_signal(signal.SIGSTOP)
    try:
        knock(here, stalled, {"webhook_id": "w"})
        knock(here, well, {"webhook_id": "w"})
        wait_for_state(here, "delivered", source=well)
        wait_until(lambda: attempts(here, source=stalled), 40, "the first attempt has ended")
    finally:
        own_redis.process.child.send_signal(signal.SIGCONT)
    wait_for_state(here, "delivered", source=stalled, seconds=60)
    first = attempts(here, source=stalled)[0]
    assert first["error_class"] == "timeout" and 14_000 < first["latency_ms"] < 20_000, first


def test_a_server_killed_in_the_middle_loses_nothing(here, own_redis):
    own_redis.start()
    name = open_door(here, "killed")
    made = destination(here, name, kind="redis", url=own_redis.url(), settings={"stream": "all"})
    for number in range(300):
        knock(here, name, {"webhook_id": f"killed-{number}"})
        if number in (100, 200):
            own_redis.stop(signal.SIGKILL)
        if number in (120, 220):
            own_redis.start()
            close_breaker(here, made)
    wait_until(lambda: all(one["status"] == "delivered" for one in deliveries(here, source=name)),
               120, "all delivered")
    # Twice is allowed, and readers can tell by the id.
    events = {event["event_id"] for event in here.pages(f"/v1/events?source={name}")}
    assert len(events) == 300
    assert {entry["webhook_id"] for entry in own_redis.entries("all")} == events


def test_a_server_behind_tls_must_have_a_trusted_certificate(here, tmp_path):
    certificate = self_signed(tmp_path)
    redis = Redis(tmp_path / "redis")
    redis.more = ("--tls-port", redis.port, "--port", "0", "--tls-cert-file", certificate,
                  "--tls-key-file", certificate.with_name("key.pem"), "--tls-auth-clients", "no",
                  "--requirepass", "inside")
    redis.start()
    trusting = Program(tmp_path / "program", settings={"network": {
        "allow": ["127.0.0.0/8"], "extra_ca_file": str(certificate)}})
    members = {"kind": "redis", "url": f"rediss://:inside@127.0.0.1:{redis.port}",
               "retry_schedule": [0.05]}
    try:
        name = open_door(here, "tls")
        destination(here, name, **members)
        knock(here, name, {"webhook_id": "w"})
        wait_for_state(here, "dead", source=name)
        for attempt in attempts(here, source=name):
            assert attempt["error_class"] == "tls" and "not trusted" in attempt["error"], attempt
        trusting.start()
        destination(trusting, open_door(trusting, "tls"), **members)
        knock(trusting, "tls", {"webhook_id": "w"})
        wait_for_state(trusting, "delivered", source="tls")
    finally:
        trusting.close()
        redis.stop()


def test_a_private_server_is_refused_unless_the_operator_opened_its_range(tmp_path, redis):
    program = Program(tmp_path / "program", settings={"network": {"allow": []}})
    try:
        program.start()
        name = open_door(program, "private")
        destination(program, name, kind="redis", url=redis.url())
        knock(program, name, {"webhook_id": "w"})
        wait_for_state(program, "dead", source=name)
        (attempt,) = attempts(program, source=name)
        assert attempt["error_class"] == "forbidden_address"
    finally:
        program.close()


@pytest.mark.parametrize("members, named", [
    ({}, "url is missing"),
    ({"url": "http://127.0.0.1:6379"}, "redis://"),
    ({"url": "redis://127.0.0.1/x"}, "database"),
    ({"url": "redis://127.1"}, "IPv4"),
    ({"url": "redis://h", "settings": {"stream": ""}}, "settings.stream"),
    ({"url": "redis://h", "settings": {"length_max": -1}}, "settings.length_max"),
    ({"url": "redis://h", "settings": {"key": "x"}}, "settings.key"),
    ({"url": "redis://h", "headers": {"a": "b"}}, "headers"),
    ({"url": "redis://h", "secret": "x"}, "secret"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_with_a_destination_is_named(here, members, named):
    answer = here.call("POST", "/v1/destinations",
                       {"name": "x", "kind": "redis", "sources": ["x"], **members})
    assert answer.status == 400 and named in answer.json()["error"], answer
