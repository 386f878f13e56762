"""What becomes of a webhook after its answer: tries, dead letters, replays, tenants, breakers, and
jobs that failed half-way."""
import itertools
import json

import pytest
from processes import wait_until
from program import KEY
from receivers import SECRET, door, endpoint, knock, now, signature

NUMBERS = itertools.count()
FIVE_TRIES = [0.05] * 4


@pytest.fixture(name="name")
def unused_name():
    return f"processing{next(NUMBERS)}"


def receive(program, name, **more):
    """One event at the door; its webhook_id."""
    payload = {"event_type": "bulk.completed", "webhook_id": f"wh_flow{next(NUMBERS)}",
               "timestamp": now(), **more}
    body = json.dumps(payload).encode()
    assert knock(program, name, body).expect(200) == {"received": True}
    return payload["webhook_id"]


def forward(program, name, url, key=KEY, **members):
    """A destination of what the door receives; its id."""
    made = program.post("/v1/destinations", {"name": name, "kind": "http", "sources": [name],
                                             "url": url, "secret": SECRET, **members}, 201, key=key)
    return made["destination_id"]


def event_of(program, name, webhook_id, key=KEY):
    events = program.get(f"/v1/events?source={name}", key=key)["data"]
    return next((event for event in events
                 if json.loads(event["payload"])["webhook_id"] == webhook_id), None)


def wait_for_event(program, name, webhook_id, status, seconds=60):
    seen = {}

    def there():
        seen.update(event_of(program, name, webhook_id) or {})
        return seen if seen.get("status") == status else None
    return wait_until(there, seconds, lambda: f"event {status}: {seen}")


def letters_of(program, destination):
    return program.pages(f"/v1/dead-letters?destination_id={destination}")


def test_after_five_tries_an_event_is_a_dead_letter_and_arrives_when_it_is_requeued(
        program, receiver, name):
    door(program, name)
    usual = forward(program, name, f"{receiver.url}/usual-{name}")
    assert program.get(f"/v1/destinations/{usual}")["retry_schedule"] == [1, 5, 30, 120]
    program.call("DELETE", f"/v1/destinations/{usual}").expect(204)
    destination = forward(program, name, f"{receiver.url}/fail/5/500/{name}",
                          retry_schedule=FIVE_TRIES)
    webhook_id = receive(program, name)
    wait_for_event(program, name, webhook_id, "dead")
    (letter,) = letters_of(program, destination)
    delivery = program.get(f"/v1/deliveries/{letter['delivery_id']}")
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500] * 5
    # Five failures in a row have opened the breaker; a change of the destination closes it.
    program.call("PATCH", f"/v1/destinations/{destination}", {"name": name}).expect(200)
    program.call("POST", f"/v1/dead-letters/{letter['delivery_id']}/requeue").expect(202)
    wait_for_event(program, name, webhook_id, "processed")
    assert letters_of(program, destination) == []
    came = receiver.deliveries(path=f"/fail/5/500/{name}")
    assert [one["payload"]["webhook_id"] for one in came] == [webhook_id] * 6


def test_what_cannot_pass_by_itself_is_tried_once(program, receiver, name):
    door(program, name)
    destination = forward(program, name, f"{receiver.url}/always/404/{name}",
                          retry_schedule=FIVE_TRIES)
    wait_for_event(program, name, receive(program, name), "dead")
    (letter,) = letters_of(program, destination)
    assert letter["attempt_count"] == 1, letter


def test_failed_events_are_replayed_once_their_destination_is_mended(program, receiver, name):
    door(program, name)
    destination = forward(program, name, f"{receiver.url}/always/404/{name}")
    sent = [receive(program, name, number=number) for number in range(3)]
    for webhook_id in sent:
        wait_for_event(program, name, webhook_id, "dead")
    program.call("PATCH", f"/v1/destinations/{destination}",
                 {"url": f"{receiver.url}/{name}"}).expect(200)
    arrived = {webhook_id: event_of(program, name, webhook_id)["created_at"] for webhook_id in sent}
    wish = {"filter": {"source": name}, "mode": "failed"}
    assert program.post("/v1/replays", {**wish, "dry_run": True})["count"] == 3
    program.post("/v1/replays", wish, 202)
    for webhook_id in sent:
        event = wait_for_event(program, name, webhook_id, "processed")
        assert event["created_at"] == arrived[webhook_id]
    came = receiver.wait_for(3, path=f"/{name}")
    assert sorted(one["payload"]["webhook_id"] for one in came) == sorted(sent)
    assert len(receiver.deliveries(path=f"/always/404/{name}")) == 3


def test_events_go_to_the_tenant_that_they_name_signed_with_its_secret(program, receiver, name):
    door(program, name, settings={"tenant_rule": "route"})
    tenants = {}
    for letter in "ab":
        tenant = program.post("/v1/tenants", {"name": f"{name}-{letter}"}, 201)["tenant_id"]
        key = program.post("/v1/keys", {"tenant_id": tenant, "scope": "write"}, 201)["key"]
        secret = f"the secret of {letter}"
        forward(program, name, f"{receiver.url}/{name}-{letter}", key=key, secret=secret)
        tenants[letter] = (tenant, key, secret)
    for letter, (tenant, key, secret) in tenants.items():
        webhook_id = receive(program, name, tenant_id=tenant)
        (came,) = receiver.wait_for(1, path=f"/{name}-{letter}")
        assert came["payload"]["webhook_id"] == webhook_id
        assert came["headers"]["x-webhook-signature"] == signature(came["body"], secret)
        assert event_of(program, name, webhook_id, key) is not None
        # Nobody else's, and no secret of the door's.
        others = [one[1] for one in tenants.values() if one[1] != key] + [KEY]
        assert all(event_of(program, name, webhook_id, other) is None for other in others)
        assert signature(came["body"], SECRET) != came["headers"]["x-webhook-signature"]
    body = json.dumps({"webhook_id": "evt_1", "tenant_id": "nobody", "timestamp": now()}).encode()
    assert knock(program, name, body).expect(404)["error"] == "Unknown tenant"
    (source,) = [one for one in program.pages("/v1/sources") if one["name"] == name]
    kept = wait_until(lambda: program.pages(f"/v1/sources/{source['source_id']}/rejected"), 30,
                      "the refused request is recorded")
    assert kept[0]["cause"] == "unknown_tenant", kept


def breakers(program, state):
    text = program.call("GET", "/metrics", key=None).body.decode()
    (line,) = [line for line in text.splitlines()
               if line.startswith(f'verihook_delivery_breakers{{state="{state}"}}')]
    return float(line.split()[-1])


def test_a_breaker_opens_keeps_the_queue_and_lets_it_go_when_it_closes(own_program, receiver, name):
    program = own_program
    door(program, name)
    destination = forward(program, name, f"{receiver.url}/always/503/{name}",
                          retry_schedule=[0.05] * 50)
    sent = [receive(program, name)]
    wait_until(lambda: breakers(program, "open") == 1, 30, "the breaker opens")
    tried = len(receiver.deliveries(path=f"/always/503/{name}"))
    assert tried == 5
    sent += [receive(program, name) for _ in range(3)]
    assert all(event_of(program, name, webhook_id)["status"] in ("pending", "failed")
               for webhook_id in sent)
    assert len(receiver.deliveries(path=f"/always/503/{name}")) == tried
    # It is well again: its owner says so, and need not wait for the minute to be over.
    program.call("PATCH", f"/v1/destinations/{destination}",
                 {"url": f"{receiver.url}/{name}"}).expect(200)
    for webhook_id in sent:
        wait_for_event(program, name, webhook_id, "processed")
    assert breakers(program, "open") == breakers(program, "half_open") == 0


def test_of_a_job_that_failed_half_way_the_results_are_applied_and_the_rest_is_asked_anew(
        own_program, name):
    program = own_program
    own_door = door(program, name)
    endpoint(program, own_door, ["bulk.*"])
    program.post("/v1/destinations", {
        "name": name, "kind": "contacts", "sources": [name],
        "settings": {"api_key": KEY, "allowed_hosts": [f"127.0.0.1:{program.port}"]}}, 201)
    people = [f"accepted_email+{number}@sandbox.test" for number in range(40)]
    people.insert(20, "fail_job@sandbox.test")
    program.post("/v1/contacts/import", {"emails": people})
    first = program.submit(people, metadata={"list": "spring"})
    assert program.wait_for_job(first, 60)["status"] == "failed"

    def verified():
        contacts = program.pages("/v1/contacts")
        return {one["email"]: one for one in contacts if one["email_verified"]}
    done = wait_until(lambda: len(verified()) == 40 and verified(), 120,
                      lambda: f"all but the one that fails are verified; {len(verified())} are")
    assert "fail_job@sandbox.test" not in done
    jobs = {job["job_id"]: program.job(job["job_id"]) for job in program.pages("/v1/bulk")}
    assert len(jobs) > 1
    for job_id, job in jobs.items():
        assert job_id == first or job["metadata"].get("retry_of") in jobs, job
        assert job["metadata"]["list"] == "spring", job
    # The rest of a job, and not the whole again.
    second = next(job for job in jobs.values() if job["metadata"].get("retry_of") == first)
    assert second["total"] == len(people) - jobs[first]["processed_count"], jobs
