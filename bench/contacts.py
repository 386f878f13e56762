"""Results applied to contacts: the embedded table, and one in PostgreSQL beside COPY."""
import os
import sys
import time

from harness import ROOT, wait_for

sys.path.insert(0, str(ROOT / "tests" / "integration"))
# pylint: disable=wrong-import-position
from postgres import ROLE, Postgres  # noqa: E402

CONTACTS = int(os.environ.get("VERIHOOK_BENCH_CONTACTS", 1_000_000))


def verify_contacts(program, **table):
    """Has a whole table verified; the seconds in which the results were read and applied to it."""
    job = program.call("POST", "/v1/contacts/verify", {"which": "all", **table})["job_id"]

    def delivered():
        found = program.call("GET", f"/v1/deliveries?job_id={job}")["data"]
        return next((one for one in found if one["status"] == "delivered"), None)
    delivery = wait_for(delivered, "the results' way to the contacts")["delivery_id"]
    attempts = program.call("GET", "/v1/deliveries/" + delivery)["attempts"]
    if len(attempts) != 1:
        sys.exit(f"bench: {attempts} instead of one attempt")
    return attempts[0]["latency_ms"] / 1000


def bench_contacts(program, _nginx, folder):
    reasons = ["accepted_email", "rejected_email", "catch_all", "mailbox_full", "no_mx"]
    emails = [f"{reasons[i % 5]}+{i}@sandbox.test" for i in range(CONTACTS)]
    for begin in range(0, CONTACTS, 100_000):
        program.call("POST", "/v1/contacts/import", {"emails": emails[begin:begin + 100_000]})
    embedded = verify_contacts(program)
    folder.chmod(0o755)     # for the user postgres
    server = Postgres(folder / "postgres", fsync="on").start()
    try:
        columns = ("email text PRIMARY KEY, email_verified boolean, verification_date timestamptz, "
                   "verification_job_id text, email_invalid_reason text")
        server.sql(f"CREATE TABLE contacts ({columns}); CREATE TABLE copied ({columns});"
                   f"GRANT SELECT, UPDATE ON contacts TO {ROLE};"
                   "INSERT INTO contacts (email) SELECT (ARRAY['" + "','".join(reasons) + "'])"
                   "[1 + i % 5] || '+' || i || '@sandbox.test' "
                   f"FROM generate_series(0, {CONTACTS - 1}) AS i; VACUUM ANALYZE contacts")
        made = program.call("POST", "/v1/destinations", {
            "name": "bench", "kind": "contacts", "sources": ["nobody"],
            "settings": {"database": server.url()}})
        elsewhere = verify_contacts(program, destination=made["destination_id"])
        applied = server.sql("SELECT count(verification_job_id) FROM contacts")
        if applied != [[str(CONTACTS)]]:
            sys.exit(f"bench: {applied} of {CONTACTS} contacts were updated")
        rows = folder / "rows"
        rows.touch()
        rows.chmod(0o666)   # the server writes it
        server.sql(f"COPY contacts TO '{rows}'")
        begin = time.monotonic()
        server.sql(f"COPY copied FROM '{rows}'")
        copying = time.monotonic() - begin
    finally:
        server.stop()
    return (f"contacts/s to which the results of a job of {CONTACTS:,} are applied",
            f"{CONTACTS / embedded:,.0f} embedded, {CONTACTS / elsewhere:,.0f} in PostgreSQL",
            f"COPY of the same rows into a like table: {CONTACTS / copying:,.0f}",
            f"{copying / elsewhere:.2f} of COPY; aim: 100,000 embedded",
            f"reading the results out of the store included; the embedded transaction holds the "
            f"store for {embedded:.1f} s at most; peak {program.peak_mib():,.0f} MiB")
