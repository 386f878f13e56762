"""Destinations of kind nats against a real nats-server with JetStream, in health and in trouble."""
import json
import signal

import pytest

from processes import wait_until
from program import Program
from services import (
    Nats, attempts, close_breaker, deliveries, destination, knock, open_door, self_signed,
    wait_for_state)


@pytest.fixture(scope="module", name="here")
def one_program(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("nats") / "program")
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(scope="module", name="nats")
def one_server(tmp_path_factory):
    nats = Nats(tmp_path_factory.mktemp("nats") / "server").start()
    nats.make_stream("IN", "in.>")
    yield nats
    nats.stop()


@pytest.fixture(name="own_nats")
def make_server(tmp_path):
    nats = Nats(tmp_path / "nats")
    yield nats
    nats.stop()


def test_an_event_becomes_a_message_with_its_facts_and_its_bytes(here, nats):
    name = open_door(here, "entry")
    nats.make_stream("ENTRY", "entry.>")
    made = destination(here, name, kind="nats", url=nats.url(), settings={
        "subject": "entry.{tenant_id}.{source}.{event_type}", "stream": "ENTRY"})
    body = '{ "event_type" : "order.paid", "webhook_id": "w1", "note" : "é", "n": 1.0 }'.encode()
    knock(here, name, body)
    delivered = wait_for_state(here, "delivered", source=name)
    ((headers, subject, payload),) = nats.messages("ENTRY")
    (event,) = here.pages(f"/v1/events?source={name}")
    assert (subject, payload) == ("entry.default.entry.order.paid", body)
    assert headers == {
        "Nats-Msg-Id": f"{event['event_id']}.{made}", "Nats-Expected-Stream": "ENTRY",
        "webhook_id": event["event_id"], "event_type": "order.paid", "source": name,
        "tenant_id": "default", "created_at": event["created_at"], "dedup_key": "w1"}
    (attempt,) = here.get(f"/v1/deliveries/{delivered['delivery_id']}")["attempts"]
    assert json.loads(attempt["response"])["stream"] == "ENTRY"


def test_a_replay_is_another_message_for_the_stream(here, nats):
    name = open_door(here, "again")
    nats.make_stream("AGAIN", "again")
    destination(here, name, kind="nats", url=nats.url(), settings={"subject": "again"})
    knock(here, name, {"webhook_id": "w"})
    wait_for_state(here, "delivered", source=name)
    here.post("/v1/replays", {"filter": {"source": name}, "mode": "all"}, 202)
    wait_until(lambda: len(nats.messages("AGAIN")) == 2, 30, "a second message")
    first, second = (headers for headers, _, _ in nats.messages("AGAIN"))
    assert first["webhook_id"] == second["webhook_id"]
    assert second["Nats-Msg-Id"] == f"{first['Nats-Msg-Id']}.{second['replay_id']}"


def test_an_event_is_not_delivered_before_a_stream_has_it(here, nats):
    name = open_door(here, "nowhere")
    destination(here, name, kind="nats", url=nats.url(), settings={"subject": "nowhere"})
    knock(here, name, {"webhook_id": "w"})
    wait_until(lambda: attempts(here, source=name), 20, "a first attempt")
    nats.make_stream("NOWHERE", "nowhere")
    wait_for_state(here, "delivered", source=name, seconds=60)
    first = attempts(here, source=name)[0]
    assert first["error_class"] == "busy" and "nowhere" in first["error"], first
    assert len(nats.messages("NOWHERE")) == 1


def test_another_stream_than_expected_is_a_dead_letter_at_once(here, nats):
    name = open_door(here, "other")
    destination(here, name, kind="nats", url=nats.url(),
                settings={"subject": "in.other", "stream": "ELSE"})
    knock(here, name, {"webhook_id": "w"})
    wait_for_state(here, "dead", source=name)
    (attempt,) = attempts(here, source=name)
    assert attempt["error_class"] == "conflict" and "expected stream" in attempt["error"], attempt


def test_what_the_server_does_not_take_is_a_dead_letter_at_once(here, tmp_path):
    conf = tmp_path / "nats.conf"
    conf.write_text("max_payload: 2000\n")
    nats = Nats(tmp_path / "nats", "--config", conf).start()
    try:
        name = open_door(here, "large")
        destination(here, name, kind="nats", url=nats.url())
        knock(here, name, {"webhook_id": "w", "note": "x" * 3000})
        wait_for_state(here, "dead", source=name)
        (attempt,) = attempts(here, source=name)
        assert attempt["error_class"] == "too_large" and "max_payload" in attempt["error"]
    finally:
        nats.stop()


def test_a_password_is_used_sealed_and_a_wrong_one_says_so(here, tmp_path):
    nats = Nats(tmp_path / "nats", "--user", "me", "--pass", "sesame-7c2",
                connect={"user": "me", "pass": "sesame-7c2"}).start()
    try:
        nats.make_stream("SEALED", "sealed")
        name, wrong = open_door(here, "sealed"), open_door(here, "wrong")
        settings = {"subject": "sealed"}
        made = destination(here, name, kind="nats", url=nats.url("me:sesame-7c2@"),
                           settings=settings)
        destination(here, wrong, kind="nats", url=nats.url("me:nothing@"), settings=settings)
        shown = here.get(f"/v1/destinations/{made}")
        assert shown["url"] == nats.url() and shown["settings"]["has_credentials"] is True
        knock(here, name, {"webhook_id": "w"})
        knock(here, wrong, {"webhook_id": "w"})
        wait_for_state(here, "delivered", source=name)
        wait_for_state(here, "dead", source=wrong)
        (attempt,) = attempts(here, source=wrong)
        assert attempt["error_class"] == "unauthorized", attempt
        files = [here.folder / "verihook.log", *here.folder.glob("verihook.db*")]
        assert not any(b"sesame-7c2" in file.read_bytes() for file in files)
    finally:
        nats.stop()


def test_a_server_behind_tls_must_have_a_trusted_certificate(here, tmp_path):
    certificate = self_signed(tmp_path)
    nats = Nats(tmp_path / "nats", "--tls", "--tlscert", certificate, "--tlskey",
                certificate.with_name("key.pem"), certificate=certificate).start()
    trusting = Program(tmp_path / "program", settings={"network": {
        "allow": ["127.0.0.0/8"], "extra_ca_file": str(certificate)}})
    members = {"kind": "nats", "url": nats.url(scheme="tls"), "retry_schedule": [0.05],
               "settings": {"subject": "tls"}}
    try:
        nats.make_stream("TLS", "tls")
        destination(here, open_door(here, "tls"), **members)
        knock(here, "tls", {"webhook_id": "w"})
        wait_for_state(here, "dead", source="tls")
        assert {one["error_class"] for one in attempts(here, source="tls")} == {"tls"}
        trusting.start()
        destination(trusting, open_door(trusting, "tls"), **members)
        knock(trusting, "tls", {"webhook_id": "w"})
        wait_for_state(trusting, "delivered", source="tls")
        assert len(nats.messages("TLS")) == 1
    finally:
        trusting.close()
        nats.stop()


def test_a_stalled_server_costs_one_attempt_and_nothing_else(here, own_nats, nats):
    own_nats.start()
    own_nats.make_stream("STALLED", "stalled")
    stalled, well = open_door(here, "stalled"), open_door(here, "well")
    destination(here, stalled, kind="nats", url=own_nats.url(), settings={"subject": "stalled"})
    destination(here, well, kind="nats", url=nats.url(), settings={"subject": "in.well"})
    own_nats.process.child.send_signal(signal.SIGSTOP)
    try:
        knock(here, stalled, {"webhook_id": "w"})
        knock(here, well, {"webhook_id": "w"})
        wait_for_state(here, "delivered", source=well)
        wait_until(lambda: attempts(here, source=stalled), 40, "the first attempt has ended")
    finally:
        own_nats.process.child.send_signal(signal.SIGCONT)
    wait_for_state(here, "delivered", source=stalled, seconds=60)
    assert attempts(here, source=stalled)[0]["error_class"] == "timeout"


def test_a_server_killed_in_the_middle_loses_nothing(here, own_nats):
    own_nats.start()
    own_nats.make_stream("ALL", "all")
    name = open_door(here, "killed")
    made = destination(here, name, kind="nats", url=own_nats.url(), settings={"subject": "all"})
    for number in range(300):
        knock(here, name, {"webhook_id": f"killed-{number}"})
        if number in (100, 200):
            own_nats.stop(signal.SIGKILL)
        if number in (120, 220):
            own_nats.start()
            close_breaker(here, made)
    wait_until(lambda: all(one["status"] == "delivered" for one in deliveries(here, source=name)),
               120, "all delivered")
    events = {event["event_id"] for event in here.pages(f"/v1/events?source={name}")}
    assert len(events) == 300
    # The stream keeps one of what came twice.
    assert sorted(headers["webhook_id"] for headers, _, _ in own_nats.messages("ALL")) \
        == sorted(events)


@pytest.mark.parametrize("members, named", [
    ({}, "url is missing"),
    ({"url": "http://127.0.0.1:4222"}, "nats://"),
    ({"url": "nats://127.0.0.1/x"}, "host or the port"),
    ({"url": "nats://h", "settings": {"subject": "a.*"}}, "settings.subject"),
    ({"url": "nats://h", "settings": {"subject": "{source}.{time}"}}, "settings.subject"),
    ({"url": "nats://h", "settings": {"length_max": 1}}, "settings.length_max"),
    ({"url": "nats://h", "headers": {"a": "b"}}, "headers"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_with_a_destination_is_named(here, members, named):
    answer = here.call("POST", "/v1/destinations",
                       {"name": "x", "kind": "nats", "sources": ["x"], **members})
    assert answer.status == 400 and named in answer.json()["error"], answer
