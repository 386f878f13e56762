"""What stands in a contacts table is verified, and the results come back to it by themselves."""
import pytest
from contact_tables import Way
from processes import wait_until
from program import KEY, Program, run_command

VALID, INVALID = "accepted_email@sandbox.test", "rejected_email@sandbox.test"
OLD, NEW = "accepted_email+old@sandbox.test", "accepted_email+new@sandbox.test"


@pytest.fixture(name="table")
def make_table(program, server, provider):
    return Way(program, server, provider).lead()


def verify(program, which, **members):
    return program.post("/v1/contacts/verify", {"which": which, **members}, 202)["job_id"]


def command(program, *arguments):
    return run_command("contacts", "verify", *arguments,
                       environment={"VERIHOOK_URL": program.url, "VERIHOOK_API_KEY": KEY})


def contacts_of(program):
    return {one["email"]: one for one in program.pages("/v1/contacts")}


def wait_until_applied(program, job_id):
    """Whoever else is told of the job does not matter."""
    (route,) = [one["destination_id"] for one in program.pages("/v1/destinations")
                if one["job_id"] == job_id]

    def there():
        found = [one for one in program.pages(f"/v1/deliveries?job_id={job_id}")
                 if one["destination_id"] == route]
        return found and all(one["status"] == "delivered" for one in found)
    wait_until(there, 60, lambda: program.pages(f"/v1/deliveries?job_id={job_id}"))


def test_the_embedded_table_is_verified_without_any_set_up(own_program):
    own_program.post("/v1/contacts/import", {"emails": [VALID, INVALID, OLD]})
    job_id = verify(own_program, "never", name="clean")
    wait_until_applied(own_program, job_id)
    contacts = contacts_of(own_program)
    assert contacts[VALID]["email_verified"] is True
    assert contacts[INVALID]["email_verified"] is False
    assert contacts[INVALID]["email_invalid_reason"] == "rejected_email"
    assert {one["verification_job_id"] for one in contacts.values()} == {job_id}
    nothing = own_program.post("/v1/contacts/verify", {"which": "never"})
    assert nothing == {"job_id": None, "total": 0}
    assert own_program.post("/v1/contacts/verify", {"which": "older", "older_than_days": 1}) == (
        nothing)
    again = verify(own_program, "all")
    wait_until_applied(own_program, again)
    assert {one["verification_job_id"] for one in contacts_of(own_program).values()} == {again}


def test_the_results_come_also_where_nobody_may_connect_to_this_host(tmp_path, lab):
    program = Program(tmp_path / "program", lab, {"network": {"allow": []}})
    try:
        program.start()
        program.post("/v1/contacts/import", {"emails": [VALID]})
        wait_until_applied(program, verify(program, "all"))
        assert contacts_of(program)[VALID]["email_verified"] is True
    finally:
        program.close()


def test_a_table_in_postgres_is_verified_by_age(table):
    table.fill(VALID, INVALID, OLD, NEW)
    table.server.sql(
        f"UPDATE {table.table} SET email_verified = true, verification_job_id = 'j',"
        f" verification_date = now() - CASE email WHEN '{OLD}' THEN 31 ELSE 1 END * interval "
        f"'1 day' WHERE email IN ('{OLD}', '{NEW}')")
    for which, more, selected in (("older", {"older_than_days": 30}, {OLD}),
                                  ("due", {"older_than_days": 30}, {VALID, INVALID}),
                                  ("all", {}, {VALID, INVALID, OLD, NEW})):
        job_id = verify(table.program, which, destination=table.destination, **more)
        wait_until_applied(table.program, job_id)
        got = table.rows("email, verification_job_id")
        assert {email for email, job in got if job == job_id} == selected, (which, got)
    assert table.rows("email, email_verified, email_invalid_reason") == sorted(
        [[VALID, "t", ""], [INVALID, "f", "rejected_email"], [OLD, "t", ""], [NEW, "t", ""]])
    ages = table.rows("verification_date > now() - interval '1 minute'")
    assert ages == [["t"]] * 4


def test_one_command_does_it_and_one_key_does_it_once(table):
    table.fill(VALID, INVALID)
    done = command(table.program, "--destination", table.name, "--never", "--idempotency-key", "k1")
    assert done.returncode == 0, done.stderr
    job_id = done.stdout.split()[0]
    assert "verifies 2 contacts" in done.stdout
    same = command(table.program, "--destination", table.name, "--never", "--idempotency-key", "k1")
    assert same.stdout == done.stdout
    wait_until_applied(table.program, job_id)
    idle = command(table.program, "--destination", table.name, "--never", "--older-than-days", "7")
    assert (idle.returncode, idle.stdout) == (0, "no contact is to be verified\n")
    gone = command(table.program, "--destination", "nobody", "--all")
    assert gone.returncode == 1 and "there is no destination nobody" in gone.stderr


def test_spellings_that_are_one_address_each_get_the_answer(table):
    table.fill("accepted_email@sandbox.test", "accepted_email@SANDBOX.test")
    job_id = verify(table.program, "all", destination=table.destination)
    wait_until_applied(table.program, job_id)
    assert table.rows("email_verified") == [["t"], ["t"]]


def test_when_the_job_fails_the_rest_is_verified_by_another_and_comes_back_too(table):
    rest = [f"accepted_email+{number}@sandbox.test" for number in range(6)]
    table.fill("fail_job@sandbox.test", *rest)
    job_id = verify(table.program, "all", destination=table.destination)
    assert table.program.wait_for_job(job_id, 60)["status"] == "failed"
    wait_until_applied(table.program, job_id)
    retries = [job for job in table.program.pages("/v1/bulk")
               if job["metadata"].get("retry_of") == job_id]
    assert len(retries) == 1, retries
    retry = table.program.wait_for_job(retries[0]["job_id"], 60)
    wait_until_applied(table.program, retry["job_id"])
    jobs = {job for _, job in table.rows("email, verification_job_id")}
    assert retry["job_id"] in jobs and job_id in jobs, (jobs, retry)


@pytest.mark.parametrize("body, says", [
    ({}, "which"), ({"which": "some"}, "which must be"), ({"which": "older"}, "older_than_days"),
    ({"which": "all", "older_than_days": 3}, "older_than_days"),
    ({"which": "all", "emails": []}, "emails"), ({"which": "all", "frobnicate": 1}, "frobnicate"),
])
def test_a_wish_that_is_none_is_refused_by_name(program, body, says):
    assert says in program.call("POST", "/v1/contacts/verify", body).expect(400)["error"]


def test_only_a_contacts_destination_of_ones_own_has_a_table(program, receiver):
    other = program.post("/v1/destinations", {"name": "h", "kind": "http", "sources": ["none"],
                                              "url": f"{receiver.url}/x"}, 201)["destination_id"]
    asked = {"which": "all", "destination": other}
    program.call("POST", "/v1/contacts/verify", asked).expect(400)
    for unknown in ("dst_00000000000000000000000000", "nonsense"):
        program.call("POST", "/v1/contacts/verify",
                     {"which": "all", "destination": unknown}).expect(404)
