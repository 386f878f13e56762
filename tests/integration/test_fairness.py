"""A short list beside a long one of another tenant: it does not stand behind it."""
from mail_world import MailWorld, limits
from processes import wait_until

LONG, SHORT = 60_000, 100
RATE = 1_000        # questions a second that the mail servers answer, whoever asks
DOMAINS = 20


def emails(first, count):
    """At the same domains as everybody's, so that they share connections and turns."""
    return [f"u{i}@d{i % DOMAINS}.test" for i in range(first, first + count)]


def test_a_short_list_is_done_while_the_long_one_has_most_of_its_way_to_go(tmp_path):
    world = MailWorld(tmp_path, RATE)
    # One connection to each domain, so that questions wait here and not there.
    program = world.program(tmp_path / "program", {"smtp": {"limits": limits(1)}}).start()
    try:
        program.post("/v1/tenants", {"name": "x", "tenant_id": "x"}, 201)
        other = program.post("/v1/keys", {"tenant_id": "x", "scope": "write"}, 201)["key"]
        long = program.submit(emails(0, LONG))
        wait_until(lambda: world.lives()["asked"] > 0, 30, "the long list is being asked about")
        short = program.post("/v1/bulk/verify", {"emails": emails(LONG, SHORT)}, 202,
                             key=other)["job_id"]
        done = program.get(f"/v1/bulk/{short}?wait=60", key=other)
        asked = world.lives()["asked"] - SHORT
        assert (done["status"], done["summary"]["valid"]) == ("completed", SHORT)
        assert program.job(long)["status"] == "processing"
        assert asked < LONG / 2, f"{asked} of the long list were asked about before it was done"
    finally:
        program.close()
        world.close()
