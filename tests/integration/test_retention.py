"""How long things are kept can be said, per tenant and per job. That it is kept to is tested with a
virtual clock (src/jobs/housekeeping_test.cc)."""
from concurrent.futures import ThreadPoolExecutor


def test_a_tenant_says_how_long_its_data_is_kept(own_program):
    assert own_program.get("/v1/tenants/default")["retention_days"] is None
    made = own_program.post("/v1/tenants", {"name": "x", "tenant_id": "x", "retention_days": 7},
                            201)
    assert made["retention_days"] == 7

    def change(body, status=200):
        return own_program.call("PATCH", "/v1/tenants/x", body).expect(status)
    assert change({"retention_days": 0})["retention_days"] == 0
    assert change({"name": "y"}) == {**made, "name": "y", "retention_days": 0}
    assert change({"retention_days": None})["retention_days"] is None
    assert own_program.get("/v1/tenants/x")["name"] == "y"
    for wrong in (-1, 1.5, "7", 36_501):
        change({"retention_days": wrong}, 400)
    assert own_program.call("PATCH", "/v1/tenants/nobody", {"name": "z"}).status == 404


def test_two_changes_at_the_same_time_are_both_kept(own_program):
    own_program.post("/v1/tenants", {"name": "x", "tenant_id": "x"}, 201)

    def change(body):
        own_program.call("PATCH", "/v1/tenants/x", body).expect(200)
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, 31):
            wanted = {"name": f"x {number}", "retention_days": number}
            list(pool.map(change, ({name: value} for name, value in wanted.items())))
            found = own_program.get("/v1/tenants/x")
            assert {name: found[name] for name in wanted} == wanted


def test_a_tenant_sees_itself_and_no_other(own_program):
    own_program.post("/v1/tenants", {"name": "x", "tenant_id": "x"}, 201)
    key = own_program.post("/v1/keys", {"tenant_id": "x", "scope": "admin"}, 201)["key"]
    assert own_program.get("/v1/tenants/x", key=key)["tenant_id"] == "x"
    changed = own_program.call("PATCH", "/v1/tenants/x", {"retention_days": 3}, key=key)
    assert changed.expect(200)["retention_days"] == 3
    assert own_program.call("GET", "/v1/tenants/default", key=key).status == 404
    assert own_program.call("PATCH", "/v1/tenants/default", {"name": "z"}, key=key).status == 404


def test_a_job_says_how_long_it_is_kept(program):
    emails = ["accepted_email@sandbox.test"]
    job_id = program.submit(emails, options={"retention_days": 1})
    program.wait_for_job(job_id, 30)
    for wrong in (0, -1, "7", 1.5, 36_501):
        answer = program.call("POST", "/v1/bulk/verify",
                              {"emails": emails, "options": {"retention_days": wrong}})
        assert answer.status == 400, str(answer)
