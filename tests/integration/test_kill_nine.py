"""kill -9 at random moments of the whole way: nothing is lost, nothing is done twice.

VERIHOOK_KILLS says how often (8), VERIHOOK_SEED when; the seed is printed with a failure.
"""
import os
import random

from kills import live_for
from processes import wait_until
from program import FINAL, Program
from receivers import send_from_node
from whole_way import WholeWay

KILLS = int(os.environ.get("VERIHOOK_KILLS", "8"))
SEED = int(os.environ.get("VERIHOOK_SEED", "4711"))
JOB_SECONDS = 300
# Seconds that the program lives between two kills: mostly too short to get far, sometimes enough
# for several checkpoints.
SHORT_LIFE, LONG_LIFE, LONG_SHARE = 1.0, 4.0, 0.35
APPLYING = 0.5      # the same while events are delivered and results applied


def lives(seed):
    """How long the program lives before each kill: (while the job runs, after it is done)."""
    chance = random.Random(seed)
    after = [chance.uniform(0, APPLYING) for _ in range(KILLS // 3)]
    # The first kill follows upon the acknowledgement, so that it surely meets the job.
    during = [0]
    while len(during) + len(after) < KILLS:
        longest = LONG_LIFE if chance.random() < LONG_SHARE else SHORT_LIFE
        during.append(chance.uniform(0, longest))
    return during, after


def kill_during(way, moments):
    """Kills and restarts; progress that was made durable is never lost."""
    highest, states = 0, []
    for life in moments:
        live_for(life)
        way.program.restart()
        job = way.program.job(way.job_id)
        assert job["processed_count"] >= highest, f"progress was lost: {job}, was {highest}"
        highest = job["processed_count"]
        states.append((round(life, 2), job["status"], highest))
    print(f"(seconds lived, state, processed) at each kill: {states}")
    return states


def test_a_job_survives_kills_and_is_applied_exactly_once(tmp_path, lab, receiver, world):
    print(f"VERIHOOK_KILLS={KILLS} VERIHOOK_SEED={SEED}")
    during, after = lives(SEED)
    program = Program(tmp_path / "program", lab, {"jobs": {"checkpoint_interval_ms": 300}})
    try:
        way = WholeWay(program.start(), receiver, world, "kill-nine")
        # The first delivery of each event fails, so that kills meet retries as well.
        way.prepare(path="/fail/1/500/kill-nine")
        way.submit()
        assert kill_during(way, during)[0][1] not in FINAL, "no kill met the job"
        program.wait_for_job(way.job_id, JOB_SECONDS)
        # Now the event is on its way, and its results are being applied.
        kill_during(way, after)
        way.check_results()
        way.check_job()
        check_events(way)
    finally:
        program.close()
    assert program.starts == KILLS + 1


def check_events(way):
    def accepted():
        return [d for d in way.completions() if d["status"] == 200]
    wait_until(accepted, 60, lambda: f"an accepted bulk.completed; {len(way.completions())} came")
    event_id = way.check_webhooks()
    produced = [event for event in way.program.pages(f"/v1/events?job_id={way.job_id}")
                if event["origin"] == "produced" and event["event_type"] == "bulk.completed"]
    assert [event["event_id"] for event in produced] == [event_id]
    way.wait_until_applied()
    way.check_contacts()
    # Each copy that the door got was recognised: it has one event, and the next is a duplicate.
    assert len(way.received_completions()) == 1
    answers = send_from_node(f"{way.program.url}/webhooks/{way.name}",
                             [{"payload": accepted()[0]["payload"]}])
    assert answers == [(200, {"received": True, "duplicate": True})]


def test_a_request_that_was_acknowledged_is_there_after_a_kill(own_program):
    """Without any grace: kill -9 the moment the answer has come."""
    jobs, endpoints, sources = [], [], []
    for i in range(3):
        jobs.append(own_program.submit([f"accepted_email+{i}@sandbox.test"]))
        endpoints.append(own_program.post("/v1/webhooks", {
            "url": "http://127.0.0.1:9/", "events": ["*"]}, 201)["webhook_id"])
        sources.append(own_program.post("/v1/sources", {
            "name": f"s{i}", "verifier": {"kind": "none"}}, 201)["source_id"])
        own_program.restart()
    for job_id in jobs:
        own_program.wait_for_job(job_id, 60, states=("completed",))
    assert {e["webhook_id"] for e in own_program.pages("/v1/webhooks")} == set(endpoints)
    assert {s["source_id"] for s in own_program.pages("/v1/sources")} == set(sources)


def test_a_webhook_that_was_acknowledged_is_there_after_a_kill(own_program):
    own_program.post("/v1/sources", {"name": "open", "verifier": {"kind": "none"}}, 201)
    sent = []
    for i in range(3):
        body = {"event_type": "bulk.progress", "webhook_id": f"evt_kept{i}"}
        own_program.post("/webhooks/open", body, key=None)
        sent.append(body["webhook_id"])
        own_program.restart()
    events = own_program.pages("/v1/events?source=open")
    assert len(events) == len(sent)
    for webhook_id in sent:
        body = {"event_type": "bulk.progress", "webhook_id": webhook_id}
        answer = own_program.post("/webhooks/open", body, key=None)
        assert answer == {"received": True, "duplicate": True}
