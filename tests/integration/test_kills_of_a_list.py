"""kill -9 at random moments of a list whose mail servers count every question: each row has exactly
one result, in its place, and only what was asked since the last checkpoint is asked again.

VERIHOOK_LIST_ROWS says how many rows (40,000), VERIHOOK_LIST_KILLS how often (6), VERIHOOK_SEED
when, VERIHOOK_LIST_LIFE after how many seconds at most each time (2), VERIHOOK_LIST_RATE how many
questions a second the servers answer (1,500) until the last kill, so that the list is sure to last.
The seed is printed with a failure.
"""
import collections
import http.client
import json
import os
import random
import time

from mail_world import MailWorld, limits
from processes import wait_until
from program import FINAL, KEY

ROWS = int(os.environ.get("VERIHOOK_LIST_ROWS", "40000"))
KILLS = int(os.environ.get("VERIHOOK_LIST_KILLS", "6"))
RATE = int(os.environ.get("VERIHOOK_LIST_RATE", "1500"))
LIFE = float(os.environ.get("VERIHOOK_LIST_LIFE", "2"))
SEED = int(os.environ.get("VERIHOOK_SEED", "4711"))
DOMAINS = 50
CHECKPOINT_SECONDS = 5      # jobs.checkpoint_interval_ms, as it is without a configuration
COMMIT_SECONDS = 1          # what a checkpoint itself may take at most
JOB_SECONDS = 600


def email_of(row):
    """Every seventh mailbox does not exist."""
    return f"{'u' if row % 7 else 'n'}{row}@d{row % DOMAINS}.test"


def lives(seed):
    """How long the program lives before each kill; the first follows upon the acknowledgement."""
    chance = random.Random(seed)
    return [0] + [chance.uniform(0, LIFE) for _ in range(KILLS - 1)]


def kill(program, world, seconds):
    """Lets the program work undisturbed for that long, kills it and starts it again."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 5, "the program's life")
    program.kill()
    world.killed()
    program.start()


def results(program, job_id):
    """Line by line, so that a million of them are never held."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=JOB_SECONDS)
    connection.request("GET", f"/v1/bulk/download/{job_id}?format=ndjson",
                       headers={"Authorization": f"Bearer {KEY}"})
    with connection.getresponse() as answer:
        assert answer.status == 200
        for line in answer:
            yield json.loads(line)
    connection.close()


def check_results(program, job_id):
    """Each row once, in its place, with what is true of it."""
    count, wrong = 0, collections.Counter()
    for row, result in enumerate(results(program, job_id)):
        assert (result["row"], result["email"]) == (row + 1, email_of(row))
        expected = ("valid", "accepted_email") if row % 7 else ("invalid", "rejected_email")
        found = (result["status"], result["reason"])
        wrong[found] += found != expected
        count += 1
    assert (count, +wrong) == (ROWS, {})


def check_questions(world):
    """What the servers saw: nobody left out, and again only what a kill took."""
    seen = world.lives()
    again = [life[1] for life in seen["lives"]]
    lost = max(life[2] for life in seen["lives"]) / 1000
    print(f"{seen['asked']} mailboxes asked about, {KILLS} kills: {sum(again)} again, {max(again)} "
          f"at most for one kill; the oldest of them {lost:.1f} s before it")
    assert (seen["asked"], seen["twice_in_a_life"]) == (ROWS, 0)
    assert lost <= CHECKPOINT_SECONDS + COMMIT_SECONDS


def test_a_long_list_survives_kills_with_one_result_for_each_row(tmp_path):
    print(f"VERIHOOK_LIST_ROWS={ROWS} VERIHOOK_LIST_KILLS={KILLS} VERIHOOK_LIST_LIFE={LIFE} "
          f"VERIHOOK_LIST_RATE={RATE} VERIHOOK_SEED={SEED}")
    world = MailWorld(tmp_path, RATE)
    # One connection to each domain, so that few questions are on their way to these busy servers.
    program = world.program(tmp_path / "program", {"smtp": {"limits": limits(1)}}).start()
    try:
        job_id = program.submit([email_of(row) for row in range(ROWS)])
        highest = 0
        for seconds in lives(SEED):
            kill(program, world, seconds)
            job = program.job(job_id)
            assert job["status"] not in FINAL, "this kill did not meet the job"
            assert job["processed_count"] >= highest, f"progress was lost: {job}, was {highest}"
            highest = job["processed_count"]
        print(f"{highest} rows had their result at the last kill")
        world.answer(0)
        job = program.wait_for_job(job_id, JOB_SECONDS)
        assert (job["status"], job["processed_count"], job["total_count"]) == (
            "completed", ROWS, ROWS)
        check_questions(world)
        check_results(program, job_id)
        summary, absent = job["summary"], len(range(0, ROWS, 7))
        assert (summary["total"], summary["valid"], summary["invalid"]) == (
            ROWS, ROWS - absent, absent)
    finally:
        program.close()
        world.close()
    assert program.starts == KILLS + 1
