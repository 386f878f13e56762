"""Contacts tables in a real PostgreSQL: whatever it is called, whatever becomes of it."""
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from contact_tables import Way
from postgres import ENCODED, PASSWORD, ROLE, Postgres, wait_for_backend
from processes import wait_until
from program import Program
from services import self_signed

QUICK = [0.2] * 50
LONG_LIST_ROWS = int(os.environ.get("VERIHOOK_CONTACTS_ROWS", "20000"))
MEMORY_MIB_MAX = 300      # more than a sanitized program of the short test; see the soak's part


@pytest.fixture(name="way")
def make_way(program, server, provider):
    return Way(program, server, provider).lead()


def test_results_are_applied_and_applying_them_again_changes_nothing(way):
    way.fill("a@x.example", "b@x.example", "c@x.example")
    way.server.sql(f"UPDATE {way.table} SET email_invalid_reason = 'no_mx', "
                   "email_verified = false WHERE email = 'a@x.example'")
    way.provider.give(("a@x.example", None), ("b@x.example", "no_mx"), ("z@x.example", None))
    way.tell()
    way.wait()
    assert way.rows() == [["a@x.example", "t", "job_1", ""], ["b@x.example", "f", "job_1", "no_mx"],
                          ["c@x.example", "", "", ""]]
    assert way.rows("verification_date IS NOT NULL, email_invalid_reason IS NULL")[0] == ["t", "t"]
    before = way.rows("*, xmin")
    replay = way.program.post("/v1/replays", {"filter": {"source": way.name}, "mode": "all",
                                              "rate_per_second": 1000}, 202)
    assert replay["total_count"] == 1
    way.wait(count=2)
    assert way.rows("*, xmin") == before


def test_names_and_values_that_would_break_out_of_a_statement_do_not(program, server, provider):
    way = Way(program, server, provider, columns=None)
    schema, table = 'Odd "schema"; --', f"t'; DROP TABLE victim{way.name}; --"
    columns = {"email": 'E"mail', "email_verified": "select", "verification_date": "Größe",
               "verification_job_id": "a.b", "email_invalid_reason": "$1"}

    def quoted(name):
        return '"' + name.replace('"', '""') + '"'
    full = f"{quoted(schema)}.{quoted(table)}"
    kinds = zip(columns.values(), ("text", "boolean", "timestamptz", "text", "text"))
    server.sql(f"CREATE TABLE victim{way.name} (a int); CREATE SCHEMA IF NOT EXISTS "
               f"{quoted(schema)}; GRANT USAGE ON SCHEMA {quoted(schema)} TO {ROLE};"
               f"CREATE TABLE {full} ({','.join(f'{quoted(c)} {k}' for c, k in kinds)});"
               f"GRANT SELECT, UPDATE ON {full} TO {ROLE}")
    emails = ["o'brien@x.example", 'a"b"@x.example', "back\\slash@x.example", "{b,c}@x.example",
              "null", "'; DROP TABLE x; --", "ünï@x.example"]
    for email in emails:
        escaped = email.replace("'", "''")
        server.sql(f"INSERT INTO {full} ({quoted('E' + chr(34) + 'mail')}) VALUES ('{escaped}')")
    way.lead({"schema": schema, "table": table, "columns": columns})
    provider.give(*((email, "it's \"{bad}\" \\") for email in emails), ("nul\0@x.example", None))
    way.tell(job="job'1; --")
    way.wait()
    rows = server.sql(f'SELECT "select", "a.b", "$1", "Größe" IS NOT NULL FROM {full}')
    assert rows == [["f", "job'1; --", "it's \"{bad}\" \\", "t"]] * len(emails)
    server.sql(f"SELECT * FROM victim{way.name}")


def test_columns_of_other_types_compare_and_keep_as_they_do(program, server, provider):
    server.sql("CREATE EXTENSION IF NOT EXISTS citext; CREATE DOMAIN mail AS citext "
               "CHECK (VALUE LIKE '%@%')")
    way = Way(program, server, provider,
              "email mail PRIMARY KEY, email_verified integer, verification_date timestamp(0), "
              "verification_job_id varchar(40), email_invalid_reason varchar(40)")
    way.lead().fill("Ann@X.example", "bob@x.example")
    provider.give(("ann@x.example", "no_mx"), ("no address", None))
    way.tell()
    way.wait()
    assert way.rows() == [["Ann@X.example", "0", "job_1", "no_mx"], ["bob@x.example", "", "", ""]]


@pytest.mark.parametrize("ignore, applied", [(True, "t"), (False, "")])
def test_case_counts_unless_it_is_told_not_to(program, server, provider, ignore, applied):
    way = Way(program, server, provider).lead({"ignore_case": ignore}).fill("Ann@X.example")
    provider.give(("ann@x.EXAMPLE", None))
    way.tell()
    way.wait()
    assert way.rows("email_verified") == [[applied]]


def test_the_password_is_never_shown_and_not_in_the_store(own_program, server, provider):
    way = Way(own_program, server, provider).lead()
    shown = own_program.get(f"/v1/destinations/{way.destination}")
    assert shown["settings"]["database"] == (
        f"postgres://{ROLE}@127.0.0.1:{server.port}/crm?sslmode=prefer")
    assert shown["settings"]["has_database_password"] is True
    assert PASSWORD not in json.dumps(shown) and ENCODED not in json.dumps(shown)
    own_program.stop()
    stored = b"".join(file.read_bytes() for file in own_program.folder.glob("verihook.*"))
    assert PASSWORD.encode() not in stored and ENCODED.encode() not in stored
    assert b"app@127.0.0.1" in stored


def test_a_certificate_must_be_that_of_a_trusted_root(program, provider, tmp_path):
    folder = Path(tempfile.mkdtemp(prefix="verihook-postgres-"))    # for the user postgres
    certificate = self_signed(folder)
    key = certificate.with_name("key.pem")
    for file, mode in ((folder, 0o755), (certificate, 0o644), (key, 0o640)):
        file.chmod(mode)
    shutil.chown(key, "root", "postgres")       # the mode and group that the server wants
    server = Postgres(folder / "server", "off", "ssl=on", f"ssl_cert_file={certificate}",
                      f"ssl_key_file={key}").start()
    trusting = Program(tmp_path / "program", settings={"network": {
        "allow": ["127.0.0.0/8"], "allow_http": True, "extra_ca_file": str(certificate)}})
    url = f"postgres://{ROLE}:{ENCODED}@127.0.0.1:{server.port}/crm?sslmode=verify-full"
    try:
        wary = Way(program, server, provider).lead({"database": url}).fill("a@x.example")
        trusted = Way(trusting.start(), server, provider)
        trusted.lead({"database": url}).fill("a@x.example")
        provider.give(("a@x.example", None))
        wary.tell()
        trusted.tell()
        trusted.wait()
        assert trusted.rows("email_verified") == [["t"]]
        letter = program.get(f"/v1/deliveries/{wary.wait('dead')['delivery_id']}")
        assert letter["attempts"][0]["error_class"] == "tls", letter
    finally:
        trusting.close()
        server.stop()
        shutil.rmtree(folder)


@pytest.mark.parametrize("settings, says", [
    ({"table": "nowhere"}, "put settings.table"),
    ({"schema": "nowhere"}, "put settings.table"),
    ({"columns": {"email_invalid_reason": "why", "email": "mail"}}, '"mail", "why"'),
    ({"columns": {"email_verified": "verification_date"}}, "types"),
])
def test_what_must_be_put_right_is_a_dead_letter_that_says_so(program, server, provider, settings,
                                                              says):
    way = Way(program, server, provider).lead(settings, retry_schedule=QUICK).fill("a@x.example")
    provider.give(("a@x.example", None))
    way.tell()
    letter = program.get(f"/v1/deliveries/{way.wait('dead')['delivery_id']}")
    assert len(letter["attempts"]) == 1, letter
    assert says in letter["attempts"][0]["error"], letter


def test_a_refused_permission_says_what_to_grant_and_a_requeue_then_applies(way):
    way.fill("a@x.example")
    way.server.sql(f"REVOKE UPDATE ON {way.table} FROM {ROLE}")
    way.provider.give(("a@x.example", None))
    way.tell()
    letter = way.wait("dead")
    assert "grant it" in letter["last_error"], letter
    way.server.sql(f"GRANT UPDATE ON {way.table} TO {ROLE}")
    way.program.post(f"/v1/dead-letters/{letter['delivery_id']}/requeue", {}, 202)
    way.wait()
    assert way.rows() == [["a@x.example", "t", "job_1", ""]]


def test_a_wrong_password_is_said_to_be_one(program, server, provider):
    way = Way(program, server, provider).lead({"database": server.url(password="wrong")})
    way.tell()
    letter = way.wait("dead")
    assert "settings.database" in letter["last_error"], letter


def test_an_address_that_nobody_opened_is_not_connected_to(tmp_path, lab, server, provider):
    program = Program(tmp_path / "program", lab, {"network": {"allow": ["127.0.0.1/32"]}})
    try:
        way = Way(program.start(), server, provider)
        way.lead({"database": server.url("127.0.0.2")}).fill("a@x.example")
        way.tell()
        assert "network.allow" in way.wait("dead")["last_error"]
        asked = program.call("POST", "/v1/contacts/verify",
                             {"destination": way.destination, "which": "all"})
        assert asked.status in (400, 403, 422) and b"network.allow" in asked.body, asked
    finally:
        program.close()


@pytest.mark.parametrize("database", ["postgres://u@/crm", "postgres://u@%2Ftmp/crm", "host=/tmp",
                                      "postgres://u@h/crm?sslkey=/etc/shadow", 7])
def test_a_url_that_leads_to_this_machines_files_is_refused_when_it_is_given(program, database):
    program.call("POST", "/v1/destinations", {
        "name": "x", "kind": "contacts", "sources": ["x"],
        "settings": {"database": database}}).expect(400)


def breakers_open(program):
    text = program.call("GET", "/metrics", key=None).body.decode()
    line = next(line for line in text.splitlines() if 'delivery_breakers{state="open"}' in line)
    return float(line.split()[-1])


def test_a_database_that_is_gone_opens_the_breaker_and_gets_everything_afterwards(
        own_program, folder, provider):
    server = Postgres(folder / "postgres-gone").start()
    try:
        way = Way(own_program, server, provider)
        way.lead(retry_schedule=QUICK).fill("a@x.example", "b@x.example")
        provider.give(("a@x.example", None), ("b@x.example", "no_mx"))
        server.stop()
        for job in ("job_1", "job_2", "job_3"):
            way.tell(job=job)
        wait_until(lambda: breakers_open(own_program) == 1, 60, "the breaker is open")
        assert {one["status"] for one in way.deliveries()} == {"pending"}
        server.start()
        # A change closes the breaker, which would else wait for its minute.
        own_program.call("PATCH", f"/v1/destinations/{way.destination}",
                         {"name": "back"}).expect(200)
        way.wait(count=3)
        assert way.rows("email, email_verified, email_invalid_reason") == [
            ["a@x.example", "t", ""], ["b@x.example", "f", "no_mx"]]
        assert own_program.get("/v1/dead-letters")["data"] == []
    finally:
        server.stop()


def test_a_table_that_stays_locked_is_tried_again(way):
    way.fill("a@x.example")
    way.provider.give(("a@x.example", None))
    way.program.call("PATCH", f"/v1/destinations/{way.destination}",
                     {"retry_schedule": QUICK}).expect(200)
    holder = way.server.session()
    try:
        holder.stdin.write(f"BEGIN; LOCK TABLE {way.table};\n\\echo locked\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "locked\n"
        way.tell()
        wait_for_backend(way.server, "wait_event_type = 'Lock'", "waits for the lock")
        # As an administrator's pg_terminate_backend or a restart would.
        way.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE application_name = 'verihook'")
        wait_for_backend(way.server, "wait_event_type = 'Lock'", "waits for the lock again")
    finally:
        holder.stdin.close()
        holder.wait()
    way.wait()
    assert way.rows() == [["a@x.example", "t", "job_1", ""]]


def test_a_kill_in_the_middle_of_the_transaction_leaves_nothing_and_then_everything(
        own_program, server, provider):
    way = Way(own_program, server, provider).lead(retry_schedule=QUICK)
    emails = [f"user{number:05}@x.example" for number in range(5_000)]
    way.fill(*emails)
    provider.give(*((email, "no_mx") for email in emails))
    holder = server.session()
    try:
        holder.stdin.write(f"BEGIN; SELECT note FROM {way.table} WHERE email = '{emails[-1]}' "
                           "FOR UPDATE;\n\\echo locked\n")
        holder.stdin.flush()
        assert "locked\n" in (holder.stdout.readline(), holder.stdout.readline())
        way.tell()
        wait_for_backend(server, "wait_event_type = 'Lock'", "has updated all rows but the last")
        own_program.kill()
    finally:
        holder.stdin.close()
        holder.wait()
    ended = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'verihook'"
    wait_until(lambda: server.sql(ended) == [["0"]], 30, "the server has noticed")
    assert way.server.sql(f"SELECT count(email_verified) FROM {way.table}") == [["0"]]
    own_program.start()
    way.wait()
    counted = server.sql(f"SELECT count(*) FROM {way.table} WHERE email_invalid_reason = 'no_mx'")
    assert counted == [["5000"]]


def test_the_rest_of_a_failed_job_is_submitted_and_handed_over(way):
    way.program.call("PATCH", f"/v1/destinations/{way.destination}", {"settings": {
        "database": way.server.url(), "table": way.table, "allowed_hosts": [way.provider.host],
        "submit_url": f"{way.provider.url}/submit"}}).expect(200)
    way.fill("a@x.example", "b@x.example", "c@x.example", job="job_1")
    way.server.sql(f"UPDATE {way.table} SET verification_job_id = 'job_0' "
                   "WHERE email = 'c@x.example'")
    way.provider.give(("b@x.example", "no_mx"))
    way.tell("bulk.failed", error_code="PROCESSING_ERROR", partial_results_available=True,
             processed_count=1, total_count=2)
    way.wait()
    assert way.provider.submitted == [{"emails": ["a@x.example"],
                                       "metadata": {"retry_of": "job_1"}}]
    assert way.rows() == [["a@x.example", "", "job_rest", ""],
                          ["b@x.example", "f", "job_1", "no_mx"], ["c@x.example", "", "job_0", ""]]


def peak_mib(program):
    with open(f"/proc/{program.process.child.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 1024


def test_a_long_list_is_applied_with_flat_memory(own_program, server, provider):
    way = Way(own_program, server, provider).lead()
    server.sql(f"INSERT INTO {way.table} (email) SELECT 'user' || i || '@x.example' "
               f"FROM generate_series(1, {LONG_LIST_ROWS}) AS i")
    provider.give(("user1@x.example", None))
    way.tell(job="job_0")
    way.wait()
    before = peak_mib(own_program)
    provider.give(*((f"user{number}@x.example", None if number % 2 else "no_mx")
                    for number in range(1, LONG_LIST_ROWS + 1)))
    way.tell()
    way.wait(count=2, seconds=1200)
    counted = server.sql(f"SELECT count(*), count(email_invalid_reason) FROM {way.table} "
                         "WHERE verification_job_id = 'job_1'")
    assert counted == [[str(LONG_LIST_ROWS), str(LONG_LIST_ROWS // 2)]]
    grown = peak_mib(own_program) - before
    print(f"{LONG_LIST_ROWS} rows cost {grown:.0f} MiB")
    assert grown < MEMORY_MIB_MAX
