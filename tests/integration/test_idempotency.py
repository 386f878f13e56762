"""Many creations at once with one Idempotency-Key: one job, whoever wins.

VERIHOOK_CREATION_ROUNDS says how often (5).
"""
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from program import Program
from receivers import SECRET

ROUNDS = int(os.environ.get("VERIHOOK_CREATION_ROUNDS", "5"))
AT_ONCE = 50


@pytest.fixture(scope="module", name="program")
def program_of_its_own(folder):
    program = Program(folder / "idempotency")
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(scope="module", name="pool")
def make_pool():
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


def create_together(pool, program, key, bodies):
    """The answers to these, sent by as many threads in the same moment with the same key."""
    together = threading.Barrier(len(bodies))

    def create(body):
        together.wait(60)
        return program.call("POST", "/v1/bulk/verify", body, headers={"Idempotency-Key": key})
    return list(pool.map(create, bodies))


def body_of(receiver, number, path):
    return {"emails": [f"accepted_email+{number}@sandbox.test"] * 3, "name": f"round {number}",
            "webhook_url": receiver.url + path, "webhook_secret": SECRET}


def jobs_of(program, path):
    return [job for job in program.pages("/v1/bulk") if (job["metadata"] or {}).get("of") == path]


def test_one_key_makes_one_job_however_many_ask_at_once(program, pool, receiver):
    path = "/idempotency-one"
    made = []
    for number in range(ROUNDS):
        body = {**body_of(receiver, number, path), "metadata": {"of": path}}
        answers = create_together(pool, program, f"one-{number}", [body] * AT_ONCE)
        first = answers[0].expect(202)
        assert all(answer.expect(202) == first for answer in answers)
        # All but the one that made it say that they did not.
        replayed = [answer for answer in answers if "idempotent-replayed" in answer.headers]
        assert len(replayed) == AT_ONCE - 1
        made.append(first["job_id"])
    jobs = jobs_of(program, path)
    assert sorted(job["job_id"] for job in jobs) == sorted(made)
    assert len(set(made)) == ROUNDS
    told = receiver.wait_for(ROUNDS, path=path, event_type="bulk.completed")
    assert sorted(delivery["payload"]["job_id"] for delivery in told) == sorted(made)


def test_another_body_with_the_key_is_refused_whoever_is_first(program, pool, receiver):
    path = "/idempotency-two"
    for number in range(ROUNDS):
        bodies = [{**body_of(receiver, n % 2, path), "metadata": {"of": path, "round": number}}
                  for n in range(AT_ONCE)]
        answers = create_together(pool, program, f"two-{number}", bodies)
        statuses = [{answer.status for answer in answers[which::2]} for which in (0, 1)]
        assert sorted(statuses, key=min) == [{202}, {409}], [str(answer) for answer in answers]
        assert len({answer.json()["job_id"] for answer in answers if answer.status == 202}) == 1
    assert len(jobs_of(program, path)) == ROUNDS


def test_a_key_of_another_tenant_is_another_key(program):
    program.post("/v1/tenants", {"name": "x", "tenant_id": "x"}, 201)
    key = program.post("/v1/keys", {"tenant_id": "x", "scope": "write"}, 201)["key"]
    body = {"emails": ["accepted_email@sandbox.test"]}
    header = {"Idempotency-Key": "whose"}
    first = program.call("POST", "/v1/bulk/verify", body, headers=header).expect(202)
    other = program.call("POST", "/v1/bulk/verify", body, key=key, headers=header).expect(202)
    assert first["job_id"] != other["job_id"]
