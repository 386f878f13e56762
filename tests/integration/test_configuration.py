"""A configuration that is wrong stops the start, and says which key, which line and why."""
import subprocess

import pytest
from processes import free_port
from program import Program, run_command

BAD = [
    ("unknown_key", '[server]\nlisten = "127.0.0.1:0"\nlisen = 5\n', 3, "server.lisen"),
    ("unknown_section", '[sever]\nlisten = "127.0.0.1:0"\n', 2, "sever.listen"),
    ("wrong_type", "[smtp]\nport = \"smtp\"\n", 2, "smtp.port"),
    ("out_of_range", "\n\n[smtp]\nport = 70000\n", 4, "smtp.port"),
    ("bad_address", '[server]\nlisten = "nowhere"\n', 2, "server.listen"),
    ("bad_server", '[dns]\nservers = ["127.0.0.1:53", "dns.example"]\n', 2, "dns.servers"),
    ("bad_source", '[smtp]\nsources = ["127.0.0.1 ehlo=x.test"]\n', 2, "smtp.sources"),
    ("bad_range", '[network]\nallow = ["127.0.0.0/99"]\n', 2, "network.allow"),
    ("bad_level", '[log]\nlevel = "loud"\n', 2, "log.level"),
    ("not_a_switch", '[network]\nallow_http = "perhaps"\n', 2, "network.allow_http"),
    ("bad_door", '[log]\n[[sources]]\nname = "a b"\nverifier = { kind = "none" }\n', 2, "sources"),
    ("door_without_verifier", '[[sources]]\nname = "a"\n', 1, "verifier is missing"),
    ("door_with_more", '[[sources]]\nname = "a"\nverifier = { kind = "none" }\nx = 1\n', 1, "x"),
    ("not_toml", "[server\nlisten = 1\n", 1, ""),
]


def serve(tmp_path, text, environment=None):
    file = tmp_path / "verihook.toml"
    file.write_text(text)
    return file, run_command("serve", "--config", file, environment=environment, folder=tmp_path)


@pytest.mark.parametrize("text, line, key", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_configuration_stops_the_start(tmp_path, text, line, key):
    file, done = serve(tmp_path, text)
    assert done.returncode in (1, 2), done
    assert key in done.stderr, done.stderr
    assert f"{file.name}:{line}" in done.stderr or f"line {line}" in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, f"one sentence is enough: {done.stderr}"


def test_all_mistakes_are_told_at_once(tmp_path):
    _, done = serve(tmp_path, "[smtp]\nport = 0\n[dns]\ntimeout_ms = 1\n[log]\ncolour = true\n")
    assert done.returncode in (1, 2)
    for key in ("smtp.port", "dns.timeout_ms", "log.colour"):
        assert key in done.stderr, done.stderr


def test_a_missing_file_stops_the_start(tmp_path):
    done = run_command("serve", "--config", tmp_path / "not-there.toml")
    assert done.returncode in (1, 2) and "not-there.toml" in done.stderr, done


def test_a_missing_certificate_stops_the_start(tmp_path):
    _, done = serve(tmp_path, '[server]\ntls_certificate = "no.pem"\ntls_key = "no.key"\n')
    assert done.returncode in (1, 2)
    assert "server.tls_certificate" in done.stderr and "no.pem" in done.stderr, done.stderr


def test_a_bad_environment_variable_is_named(tmp_path):
    _, done = serve(tmp_path, "", {"VERIHOOK_SMTP_PORT": "many"})
    assert done.returncode in (1, 2) and "VERIHOOK_SMTP_PORT" in done.stderr, done


def test_the_environment_wins_over_the_file(tmp_path):
    program = Program(tmp_path / "program")
    program.port = free_port()
    try:
        listen = f"127.0.0.1:{program.port}"
        assert program.settings["server"]["listen"] != listen
        program.environment["VERIHOOK_SERVER_LISTEN"] = listen
        program.start()
        program.get("/readyz", key=None)
    finally:
        program.close()


def test_a_port_that_is_taken_stops_the_start(program, tmp_path):
    other = Program(tmp_path / "other", settings={"server": program.settings["server"]})
    done = run_command("serve", "--config", other.config, folder=other.folder)
    assert done.returncode == 1 and str(program.port) in done.stderr, done


def test_two_programs_never_share_a_store(program, tmp_path):
    other = Program(tmp_path / "other", settings={"store": program.settings["store"]})
    try:
        done = run_command("serve", "--config", other.config, folder=other.folder, seconds=30)
    except subprocess.TimeoutExpired as error:
        raise AssertionError("a second program runs on the store of the first") from error
    assert done.returncode == 1, done


def test_files_with_secrets_are_for_their_owner_only(program):
    key = program.folder / "master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert (program.folder / "verihook.db").stat().st_mode & 0o077 == 0


def test_the_log_has_no_addresses_and_no_secrets(own_program):
    emails = [f"accepted_email+needle{i}@sandbox.test" for i in range(5)]
    own_program.wait_for_job(own_program.submit(emails), 60, states=("completed",))
    own_program.call("POST", "/v1/verify", {"email": "role+needle@sandbox.test"}).expect(200)
    log = own_program.process.output()
    assert "needle" not in log
    assert own_program.settings["auth"]["bootstrap_key"] not in log
