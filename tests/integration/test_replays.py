"""Replays: many events again, at a pace, behind what is new; they survive a kill."""
import itertools

import pytest
from processes import wait_until
from receivers import assert_authentic, endpoint

NUMBERS = itertools.count()


@pytest.fixture(name="tag")
def unused_tag():
    return f"replay{next(NUMBERS)}"


def wait_for_replay(program, replay_id, seconds=60, **members):
    """The replay when it has these members."""
    seen = {}

    def there():
        seen.update(program.get(f"/v1/replays/{replay_id}"))
        return seen if all(seen[name] == value for name, value in members.items()) else None
    return wait_until(there, seconds, lambda: f"replay with {members}: {seen}")


def make_dead_letters(program, receiver, tag, count):
    """An endpoint that has refused so many events, and takes them from now on; its id."""
    hook = endpoint(program, f"{receiver.url}/always/500/{tag}", ["webhook.test"],
                    retry_schedule=[0.05])
    letters = f"/v1/dead-letters?endpoint={hook}"
    for number in range(1, count + 1):
        program.post(f"/v1/webhooks/{hook}/test", {}, 202)
        wait_until(lambda number=number: len(program.pages(letters)) == number, 60,
                   f"{number} dead letters")
        # A change closes the breaker, before it has opened.
        program.call("PATCH", f"/v1/webhooks/{hook}", {"name": tag}).expect(200)
    program.call("PATCH", f"/v1/webhooks/{hook}", {"url": f"{receiver.url}/{tag}"}).expect(200)
    return hook


def test_dead_letters_are_counted_then_replayed_with_a_mark(program, receiver, tag):
    hook = make_dead_letters(program, receiver, tag, 4)
    wish = {"filter": {"endpoint": hook}, "mode": "failed", "rate_per_second": 100}
    assert program.post("/v1/replays", {**wish, "dry_run": True}) == {"dry_run": True, "count": 4}
    assert receiver.deliveries(path=f"/{tag}") == []
    made = program.post("/v1/replays", wish, 202)
    assert made["total_count"] == 4 and made["status"] == "running", made
    came = receiver.wait_for(4, path=f"/{tag}")
    for delivery in came:
        assert_authentic(delivery)
        assert delivery["headers"]["webhook-replay"] == made["replay_id"]
    done = wait_for_replay(program, made["replay_id"], status="completed", delivered_count=4)
    assert done["percent_complete"] == 100 and done["pending_count"] == 0, done
    assert program.pages(f"/v1/dead-letters?endpoint={hook}") == []
    listed = [replay["replay_id"] for replay in program.pages("/v1/replays")]
    assert made["replay_id"] in listed


def test_an_endpoint_that_is_new_gets_what_it_missed(program, receiver, tag):
    job_id = program.submit(["accepted_email@sandbox.test"])
    program.wait_for_job(job_id, 30)
    hook = endpoint(program, f"{receiver.url}/{tag}", ["bulk.completed"])
    wish = {"filter": {"endpoint": hook, "job_id": job_id}, "mode": "missing"}
    made = program.post("/v1/replays", wish, 202)
    (came,) = receiver.wait_for(1, path=f"/{tag}")
    assert came["payload"]["job_id"] == job_id
    wait_for_replay(program, made["replay_id"], status="completed", delivered_count=1)
    assert program.post("/v1/replays", {**wish, "dry_run": True})["count"] == 0
    assert program.post("/v1/replays", {**wish, "mode": "all", "dry_run": True})["count"] == 1
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


def test_a_replay_is_paused_resumed_and_cancelled(program, receiver, tag):
    hook = make_dead_letters(program, receiver, tag, 3)
    wish = {"filter": {"endpoint": hook}, "mode": "failed", "rate_per_second": 0.01}
    replay_id = program.post("/v1/replays", wish, 202)["replay_id"]
    wait_for_replay(program, replay_id, issued_count=1)
    for action, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        answer = program.post(f"/v1/replays/{replay_id}/{action}", {})
        assert answer["status"] == status
    wait_until(lambda: program.get(f"/v1/replays/{replay_id}")["finished_at"], 20, "finished")
    assert len(program.pages(f"/v1/dead-letters?endpoint={hook}")) == 2
    program.call("POST", f"/v1/replays/{replay_id}/resume", {}).expect(409)


def test_what_cannot_be_replayed_is_refused(program):
    for wrong in ({}, {"mode": "some"}, {"mode": "all", "rate_per_second": 0},
                  {"mode": "all", "filter": {"endpoint": "wh_nobody"}},
                  {"mode": "all", "filter": {"since": "soon"}}, {"mode": "all", "until": "x"}):
        program.post("/v1/replays", wrong, 400)
    for path in ("/v1/replays/rpl_x", "/v1/replays/rpl_01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        program.call("GET", path).expect(404)
        program.call("POST", f"{path}/pause", {}).expect(404)


def test_an_idempotency_key_begins_one_replay(program, receiver, tag):
    hook = endpoint(program, f"{receiver.url}/{tag}", ["webhook.test"])
    wish = {"filter": {"endpoint": hook}, "mode": "all"}
    first, second = (program.call("POST", "/v1/replays", wish, headers={"Idempotency-Key": tag})
                     .expect(202)["replay_id"] for _ in range(2))
    assert first == second


def test_a_replay_goes_on_after_a_kill_and_repeats_nothing(own_program, receiver, tag):
    hook = endpoint(own_program, f"{receiver.url}/first-{tag}", ["bulk.completed"])
    jobs = [own_program.submit([f"accepted_email+{i}@sandbox.test"]) for i in range(12)]
    for job_id in jobs:
        own_program.wait_for_job(job_id, 60)
    receiver.wait_for(12, path=f"/first-{tag}")
    late = endpoint(own_program, f"{receiver.url}/{tag}", ["bulk.completed"])
    replay_id = own_program.post("/v1/replays", {
        "mode": "missing", "rate_per_second": 5, "filter": {"endpoint": late}}, 202)["replay_id"]
    for issued in (2, 5, 8):
        wait_until(lambda issued=issued: own_program.get(f"/v1/replays/{replay_id}")
                   ["issued_count"] >= issued, 30, f"{issued} issued")
        own_program.restart()
    done = wait_for_replay(own_program, replay_id, status="completed", delivered_count=12)
    assert done["total_count"] == done["issued_count"] == 12, done
    assert len(own_program.pages(f"/v1/deliveries?endpoint={late}")) == 12
    assert {d["payload"]["job_id"] for d in receiver.deliveries(path=f"/{tag}")} == set(jobs)
    assert len(receiver.deliveries(path=f"/first-{tag}")) == 12, hook
