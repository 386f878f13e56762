"""Sources by the command line and by the configuration file."""
import json

from processes import wait_until
from program import KEY, Program, run_command, toml
from receivers import knock, now, signed

BODY = json.dumps({"event_type": "a.b", "webhook_id": "evt_cli"}).encode()


def client(program, *arguments, code=0):
    done = run_command(*arguments, environment={"VERIHOOK_URL": program.url,
                                                "VERIHOOK_API_KEY": KEY})
    assert done.returncode == code, done
    return done.stdout


def test_a_source_is_made_changed_rotated_and_closed_by_commands(own_program):
    program = own_program
    made = client(program, "sources", "create", "cli", "--kind", "hmac", "--secret", "one",
                  "--prefix", "sha256=", "--allow", "127.0.0.0/8", "--allow", "::1/128")
    assert made.startswith("src_") and made.strip().endswith("/webhooks/cli"), made
    assert "cli" in client(program, "sources", "list")
    assert knock(program, "cli", BODY, signed(BODY, "one", "sha256=")).status == 200
    client(program, "sources", "update", "cli", "--mode", "shadow", "--tolerance", "60")
    shown = json.loads(client(program, "sources", "show", "cli"))
    assert (shown["mode"], shown["timestamp_tolerance_s"]) == ("shadow", 60)
    assert shown["verifier"]["prefix"] == "sha256=" and len(shown["ip_allowlist"]) == 2
    client(program, "sources", "update", "cli", "--mode", "enforce", "--secret", "two")
    assert json.loads(client(program, "sources", "show", "cli"))["verifier"]["prefix"] == "sha256="
    assert knock(program, "cli", BODY, signed(BODY, "one", "sha256=")).status == 401
    # After a rotation both are good.
    told = client(program, "sources", "rotate-secret", "cli")
    secret = next(word for word in told.replace(",", " ").split() if word.startswith("whsec_"))
    client(program, "sources", "rotate-secret", "cli", "--secret", "three")
    for one in ("two", secret, "three"):
        assert knock(program, "cli", BODY, signed(BODY, one, "sha256=")).status == 200, one
    client(program, "sources", "delete", "cli")
    assert knock(program, "cli", BODY, signed(BODY, "two", "sha256=")).status == 404
    client(program, "sources", "show", "cli", code=1)


def test_commands_show_what_was_refused_and_take_it(own_program):
    program = own_program
    client(program, "sources", "create", "late", "--secret", "old")
    bodies = [json.dumps({"webhook_id": f"evt_{n}", "timestamp": now()}).encode() for n in range(3)]
    for body in bodies:
        assert knock(program, "late", body, signed(body, "new")).status == 401

    def listed():
        lines = client(program, "sources", "rejected", "late", "--json").splitlines()
        return [json.loads(line) for line in lines] if len(lines) == 3 else None
    rejected = wait_until(listed, 30, "all three are listed")
    assert {one["cause"] for one in rejected} == {"unknown_secret"}
    table = client(program, "sources", "rejected", "late", "--cause", "unknown_secret")
    assert "most likely the sender has another secret" in table
    oldest = rejected[-1]["rejected_id"]
    one = json.loads(client(program, "sources", "rejected", "late", oldest))
    assert one["body"].encode() == bodies[0]
    client(program, "sources", "admit", "late", code=2)
    client(program, "sources", "admit", "late", oldest, code=1)
    client(program, "sources", "update", "late", "--secret", "new")
    assert "is evt_" in client(program, "sources", "admit", "late", oldest)
    assert client(program, "sources", "admit", "late", "--all") == (
        "2 admitted, 0 received before, 0 still refused\n")
    assert len(program.pages("/v1/events?source=late")) == 3


def test_sources_of_the_configuration_file_are_there_at_every_start(tmp_path):
    program = Program(tmp_path / "program")
    text = program.config.read_text()

    def configure(secret, mode="enforce"):
        source = {"name": "configured", "mode": mode, "ip_allowlist": ["127.0.0.0/8"]}
        verifier = f'verifier = {{ kind = "hmac", secrets = ["{secret}"] }}\n'
        tables = toml({"x": source}).replace("[x]", "[[sources]]") + verifier
        program.config.write_text(text + tables)
    try:
        configure("first")
        program.start()
        (before,) = program.pages("/v1/sources")
        assert knock(program, "configured", BODY, signed(BODY, "first")).status == 200
        program.stop()
        configure("second", "shadow")
        program.start()
        (after,) = program.pages("/v1/sources")
        assert (after["source_id"], after["mode"]) == (before["source_id"], "shadow")
        program.stop()
        # The file says what is, not what was; one that it names no more stays.
        program.config.write_text(text)
        program.start()
        assert [one["name"] for one in program.pages("/v1/sources")] == ["configured"]
    finally:
        program.close()
