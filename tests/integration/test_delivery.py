"""Delivery: retries keep the id and renew time and signature; what fails for good is kept."""
import itertools

import pytest
from processes import free_port, wait_until
from program import age_seconds
from receivers import assert_authentic, endpoint

NUMBERS = itertools.count()
QUICK = [0.1, 0.1, 0.1]


@pytest.fixture(name="tag")
def unused_tag():
    return f"delivery{next(NUMBERS)}"


def send_test(program, webhook_id):
    return program.post(f"/v1/webhooks/{webhook_id}/test", {}, 202)["event_id"]


def delivery_of(program, webhook_id, event_id):
    found = program.get(f"/v1/webhooks/{webhook_id}/deliveries?event_id={event_id}")["data"]
    assert len(found) == 1, found
    return program.get(f"/v1/deliveries/{found[0]['delivery_id']}")


def wait_for_status(program, webhook_id, event_id, status, seconds=30):
    seen = {}

    def there():
        seen.update(delivery_of(program, webhook_id, event_id))
        return seen if seen["status"] == status else None
    return wait_until(there, seconds, lambda: f"delivery {status}: {seen}")


def test_two_failures_then_success(program, receiver, tag):
    path = f"/fail/2/500/{tag}"
    hook = endpoint(program, receiver.url + path, ["*"], retry_schedule=[1.1, 1.1])
    event_id = send_test(program, hook)
    came = receiver.wait_for(3, path=path)
    assert [delivery["status"] for delivery in came] == [500, 500, 200]
    assert {delivery["webhook_id"] for delivery in came} == {event_id}
    for delivery in came:
        assert_authentic(delivery)
    for name in ("x-webhook-signature", "webhook-signature", "webhook-timestamp"):
        assert len({delivery["headers"][name] for delivery in came}) == 3, name
    stamps = [delivery["payload"]["timestamp"] for delivery in came]
    assert stamps == sorted(set(stamps)), stamps
    assert len({delivery["payload"]["created_at"] for delivery in came}) == 1
    delivery = wait_for_status(program, hook, event_id, "delivered")
    assert [a["status_code"] for a in delivery["attempts"]] == [500, 500, 200]
    assert [a["number"] for a in delivery["attempts"]] == [1, 2, 3]
    assert "as you asked" in delivery["attempts"][0]["response"]
    assert all(age_seconds(a["started_at"]) < 120 for a in delivery["attempts"])


def test_an_empty_schedule_means_no_retry(program, receiver, tag):
    path = f"/fail/1/500/{tag}"
    hook = endpoint(program, receiver.url + path, ["webhook.test"], retry_schedule=[])
    assert program.get(f"/v1/webhooks/{hook}")["retry_schedule"] == []
    delivery = wait_for_status(program, hook, send_test(program, hook), "dead")
    assert delivery["attempt_count"] == 1, delivery


def test_exhausted_becomes_a_dead_letter_and_can_be_requeued(program, receiver, tag):
    path = f"/fail/4/502/{tag}"
    # Not "*": the notice of its own dead letter would be the fifth failure, and open the breaker.
    hook = endpoint(program, receiver.url + path, ["webhook.test"], retry_schedule=QUICK)
    watch = endpoint(program, f"{receiver.url}/watch-{tag}", ["delivery.dead_lettered"])
    event_id = send_test(program, hook)
    delivery = wait_for_status(program, hook, event_id, "dead")
    assert delivery["attempt_count"] == 4 == len(delivery["attempts"])
    letters = program.pages(f"/v1/dead-letters?destination_id={hook}")
    assert [letter["event_id"] for letter in letters] == [event_id]
    (notice,) = receiver.wait_for(1, path=f"/watch-{tag}")
    assert notice["payload"]["event_type"] == "delivery.dead_lettered"
    assert_authentic(notice)
    program.call("POST", f"/v1/dead-letters/{delivery['delivery_id']}/requeue").expect(202)
    wait_for_status(program, hook, event_id, "delivered")
    assert program.pages(f"/v1/dead-letters?destination_id={hook}") == []
    for webhook_id in (hook, watch):
        program.call("DELETE", f"/v1/webhooks/{webhook_id}").expect(204)


def test_dead_letters_are_found_and_requeued_by_what_they_have_in_common(program, receiver, tag):
    path = f"/fail/2/503/{tag}"
    hook = endpoint(program, receiver.url + path, ["webhook.test"], retry_schedule=[0.1])
    other = endpoint(program, f"{receiver.url}/always/500/{tag}", ["webhook.test"],
                     retry_schedule=[0.1])
    first, second, elsewhere = (send_test(program, id) for id in (hook, hook, other))
    for webhook_id, event_id in ((hook, first), (hook, second), (other, elsewhere)):
        wait_for_status(program, webhook_id, event_id, "dead")
    found = program.pages(f"/v1/dead-letters?endpoint={hook}&type=webhook.test&text=answered%20503")
    assert {letter["event_id"] for letter in found} == {first, second}
    assert program.pages(f"/v1/dead-letters?endpoint={hook}&until=2020-01-01T00:00:00Z") == []
    assert program.pages(f"/v1/dead-letters?endpoint={hook}&text=nothing%20like%20it") == []
    answer = program.post("/v1/dead-letters/requeue",
                          {"filter": {"endpoint": hook, "since": "2020-01-01T00:00:00Z"}}, 202)
    assert answer == {"requeued": 2, "more": False}
    for event_id in (first, second):
        wait_for_status(program, hook, event_id, "delivered")
    assert delivery_of(program, other, elsewhere)["status"] == "dead"
    for wrong in ({"filter": {"since": "yesterday"}}, {"filter": {"typ": "x"}}, {"filtre": {}}):
        program.post("/v1/dead-letters/requeue", wrong, 400)


def test_an_endpoint_is_shown_credentials_that_nobody_reads_back(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["*"],
                    settings={"basic_credentials": "user:pass"})
    send_test(program, hook)
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert came["headers"]["authorization"] == "Basic dXNlcjpwYXNz"
    assert program.get(f"/v1/webhooks/{hook}")["settings"] == {"has_basic_credentials": True}
    program.call("PATCH", f"/v1/webhooks/{hook}",
                 {"settings": {"bearer_token": "t0"}}).expect(200)
    send_test(program, hook)
    came = receiver.wait_for(2, path=f"/{tag}")[1]
    assert came["headers"]["authorization"] == "Bearer t0"
    program.call("PATCH", f"/v1/webhooks/{hook}", {"settings": {"client_key": "k"}}).expect(400)


def test_the_health_of_an_endpoint_is_computed_from_its_attempts(program, receiver, tag):
    path = f"/fail/1/500/{tag}"
    hook = endpoint(program, receiver.url + path, ["webhook.test"], retry_schedule=[0.1])
    fresh = program.get(f"/v1/webhooks/{hook}/health")
    assert fresh["attempts"] == 0 and fresh["success_rate"] is None, fresh
    event_id = send_test(program, hook)
    delivery = wait_for_status(program, hook, event_id, "delivered")
    health = program.get(f"/v1/webhooks/{hook}/health")
    assert (health["attempts"], health["success_rate"]) == (2, 0.5), health
    assert (health["status"], health["breaker"], health["waiting"]) == ("active", "closed", 0)
    assert health["last_failure"]["status_code"] == 500, health
    assert health["last_failure"]["delivery_id"] == delivery["delivery_id"], health
    assert 0 < health["latency_ms"]["p50"] <= health["latency_ms"]["p99"], health
    phases = delivery["attempts"][0]["phases"]
    assert phases["dns_ms"] is None and phases["tls_ms"] is None, phases
    assert phases["first_byte_ms"] > 0, phases      # the connection may be a kept one
    program.call("POST", f"/v1/webhooks/{hook}/pause").expect(200)
    send_test(program, hook)
    paused = program.get(f"/v1/webhooks/{hook}/health")
    assert paused["status"] == "paused" and paused["waiting"] == 1 and paused["next_attempt_at"]
    program.call("GET", "/v1/webhooks/wh_nobody/health").expect(404)


def test_gone_disables_the_endpoint(program, receiver, tag):
    path = f"/always/410/{tag}"
    hook = endpoint(program, receiver.url + path, ["*"], retry_schedule=QUICK)
    send_test(program, hook)
    wait_until(lambda: program.get(f"/v1/webhooks/{hook}")["status"] == "disabled", 20, "disabled")
    assert program.get(f"/v1/webhooks/{hook}")["status_reason"]
    assert len(receiver.deliveries(path=path)) == 1


def test_a_redirect_is_a_failure_and_never_followed(program, receiver, tag):
    path = f"/fail/1/302/{tag}"
    hook = endpoint(program, receiver.url + path, ["*"], retry_schedule=QUICK)
    event_id = send_test(program, hook)
    delivery = wait_for_status(program, hook, event_id, "delivered")
    assert [a["status_code"] for a in delivery["attempts"]] == [302, 200]


def test_a_paused_endpoint_keeps_its_queue_and_resuming_drains_it(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["*"])
    program.call("POST", f"/v1/webhooks/{hook}/pause").expect(200)
    events = [send_test(program, hook) for _ in range(3)]
    # Once a later event has reached another endpoint, these three have had their chance.
    other = endpoint(program, f"{receiver.url}/other-{tag}", ["*"])
    send_test(program, other)
    receiver.wait_for(1, path=f"/other-{tag}")
    assert receiver.deliveries(path=f"/{tag}") == []
    program.call("POST", f"/v1/webhooks/{hook}/resume").expect(200)
    came = receiver.wait_for(3, path=f"/{tag}")
    assert {delivery["webhook_id"] for delivery in came} == set(events)


def test_during_a_rotation_old_and_new_secret_sign(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["*"])
    program.post(f"/v1/webhooks/{hook}/rotate-secret", {"secret": "another-secret"})
    send_test(program, hook)
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert len(came["headers"]["webhook-signature"].split(" ")) == 2
    assert came["checks"]["standard"], came["headers"]


def test_header_and_prefix_of_the_signature_are_the_endpoints(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["*"], signature_header="X-Own-Signature",
                    signature_prefix="sha256=", headers={"X-Token": "t"})
    send_test(program, hook)
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert came["headers"]["x-own-signature"].startswith("sha256=")
    assert came["headers"]["x-token"] == "t"
    assert came["checks"]["standard"], came["headers"]


def test_an_endpoint_may_want_certain_metadata_only(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["bulk.completed"],
                    metadata_filter={"list": tag, "part": 2})
    assert program.get(f"/v1/webhooks/{hook}")["metadata_filter"] == {"list": tag, "part": 2}
    for metadata in ({}, {"list": tag}, {"list": tag, "part": 1}, {"list": tag, "part": 2}):
        job_id = program.submit(["accepted_email@sandbox.test"], metadata=metadata)
        program.wait_for_job(job_id, 30)
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert came["payload"]["job_id"] == job_id
    refused = program.call("PATCH", f"/v1/webhooks/{hook}", {"metadata_filter": {"a": []}})
    assert "metadata_filter" in refused.expect(400)["error"]


def test_a_dead_endpoint_does_not_delay_another(program, receiver, tag):
    dead = endpoint(program, f"http://127.0.0.1:{free_port()}/", ["webhook.test"])
    alive = endpoint(program, f"{receiver.url}/{tag}", ["webhook.test"])
    for _ in range(5):
        send_test(program, dead)
    send_test(program, alive)
    receiver.wait_for(1, seconds=5, path=f"/{tag}")
    program.call("DELETE", f"/v1/webhooks/{dead}").expect(204)


def test_addresses_that_are_not_public_are_refused_unless_allowed(program):
    hook = endpoint(program, "https://10.1.2.3/hook", ["*"], retry_schedule=[0.1])
    event_id = send_test(program, hook)
    delivery = wait_for_status(program, hook, event_id, "dead")
    assert delivery["attempts"][0]["error_class"] == "forbidden_address", delivery


def test_the_webhook_url_of_a_job_gets_its_events_only(program, receiver, tag):
    made = program.post("/v1/bulk/verify", {
        "emails": ["accepted_email@sandbox.test"], "webhook_url": f"{receiver.url}/{tag}",
        "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "metadata": {"n": 1}}, 202)
    other = program.submit(["role@sandbox.test"])
    (came,) = receiver.wait_for(1, path=f"/{tag}", event_type="bulk.completed")
    assert_authentic(came)
    assert came["payload"]["job_id"] == made["job_id"]
    program.wait_for_job(other, 30)
    assert {d["payload"]["job_id"] for d in receiver.deliveries(path=f"/{tag}")} == {made["job_id"]}


def test_metadata_comes_back_as_javascript_would_write_it(program, receiver, tag):
    metadata = {"b": 1.0, "10": "x", "2": [1e3, -0.0, 1e21, 0.1], "ü": "/\u2028\u0007", "t": None}
    hook = endpoint(program, f"{receiver.url}/{tag}")
    program.submit(["accepted_email@sandbox.test"], metadata=metadata)
    came = receiver.wait_for(1, path=f"/{tag}", event_type="bulk.completed")[0]
    assert_authentic(came)
    assert came["payload"]["metadata"] == {"2": [1000, 0, 1e21, 0.1], "10": "x", "b": 1,
                                           "ü": "/\u2028\u0007", "t": None}
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


def test_a_job_that_fails_says_so_and_offers_what_it_has(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["bulk.failed"])
    emails = [f"accepted_email+{i}@sandbox.test" for i in range(10)] + ["fail_job@sandbox.test"]
    job_id = program.submit(emails)
    assert program.wait_for_job(job_id, 60)["status"] == "failed"
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert_authentic(came)
    payload = came["payload"]
    assert payload["error_code"] == "PROCESSING_ERROR" and payload["error_message"]
    assert payload["partial_results_available"] is True
    assert 0 < payload["processed_count"] < payload["total_count"] == 11
    partial = program.download(job_id, "?partial=true")
    assert 0 < len([r for r in partial if r["reason"] == "accepted_email"]) < 11
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)
