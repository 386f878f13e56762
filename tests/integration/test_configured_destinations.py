"""[[destinations]] of the configuration file, and commands, which only stand there."""
import json
import os

import pytest

from processes import wait_until
from program import Program, run_command
from services import QUICK, attempts, deliveries, knock, open_door, wait_for_state


def table(name, source, settings, kind="command", **members):
    """A [[destinations]] table; JSON's values are TOML's as well, but for objects."""
    lines = ["[[destinations]]"]
    values = {"name": name, "kind": kind, "sources": [source], "retry_schedule": QUICK, **members}
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    if settings is not None:
        inside = ", ".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
        lines.append(f"settings = {{ {inside} }}")
    return "\n".join(lines) + "\n"


def script(folder, name, text):
    file = folder / name
    file.write_text("#!/bin/sh\n" + text + "\n")
    file.chmod(0o755)
    return str(file)


SCRIPTS = {
    "good": 'cat; printf "\\n%s %s %s" "$VERIHOOK_EVENT_TYPE" "$VERIHOOK_SOURCE" "$1"; '
            'printf " %s" "$VERIHOOK_WEBHOOK_ID" "$VERIHOOK_ATTEMPT" "[$SECRET_OF_OURS]"',
    "later": 'echo "attempt $VERIHOOK_ATTEMPT"; [ "$VERIHOOK_ATTEMPT" -ge 3 ] || exit 75',
    "never": "echo cannot; exit 1",
    "hangs": "echo working; exec sleep 1000",
    "stubborn": "trap '' TERM; echo stubborn; while :; do sleep 1000 & wait; done",
    "endless": "exec yes",
    "removed": "exit 0",
}
SETTINGS = {"hangs": {"timeout_s": 1}, "stubborn": {"timeout_s": 1}}
ONCE = {"hangs", "stubborn"}      # as far as the test looks


@pytest.fixture(scope="module", name="here")
def program_with_commands(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    program = Program(folder / "program")
    program.environment["SECRET_OF_OURS"] = "not for commands"
    text = program.config.read_text()
    for name, lines in SCRIPTS.items():
        command = [script(folder, name, lines), "an argument"]
        schedule = {"retry_schedule": []} if name in ONCE else {}
        text += table(name, name, {"command": command, **SETTINGS.get(name, {})}, **schedule)
    program.config.write_text(text)
    program.scripts = folder
    try:
        program.start()
        for name in SCRIPTS:
            open_door(program, name)
        yield program
    finally:
        program.close()


def send(program, name):
    body = b'{ "event_type": "order.paid", "webhook_id": "' + name.encode() + b'" }'
    knock(program, name, body)
    return body


def test_a_command_has_the_payload_and_the_facts_and_nothing_of_ours(here):
    body = send(here, "good")
    wait_for_state(here, "delivered", source="good")
    (event,) = here.pages("/v1/events?source=good")
    (attempt,) = attempts(here, source="good")
    facts = f"order.paid good an argument {event['event_id']} 1 []"
    assert attempt["response"] == body.decode() + "\n" + facts


def test_exit_code_75_is_tried_again(here):
    send(here, "later")
    wait_for_state(here, "delivered", source="later")
    made = attempts(here, source="later")
    assert [one["status_code"] for one in made] == [75, 75, 0]
    assert [one["response"] for one in made] == [f"attempt {n}\n" for n in (1, 2, 3)]
    assert made[0]["error_class"] == "exit_status"


def test_exit_code_1_is_a_dead_letter(here):
    send(here, "never")
    wait_for_state(here, "dead", source="never")
    (attempt,) = attempts(here, source="never")
    assert attempt["error"] == "the command ended with exit code 1"
    assert attempt["response"] == "cannot\n"


@pytest.mark.parametrize("name, output", [("hangs", "working\n"), ("stubborn", "stubborn\n")])
def test_a_command_that_does_not_end_is_ended(here, name, output):
    send(here, name)
    wait_for_state(here, "dead", source=name)
    (attempt,) = attempts(here, source=name)
    assert attempt["error_class"] == "timeout" and attempt["response"] == output, attempt
    assert attempt["latency_ms"] >= 1000


def test_endless_output_is_cut(here):
    send(here, "endless")
    wait_for_state(here, "dead", source="endless")
    (attempt,) = attempts(here, source="endless")
    assert attempt["error_class"] == "too_large", attempt
    assert attempt["response"] == "y\n" * 2048


def test_a_command_that_is_gone_may_come_back(here):
    file = here.scripts / "removed"
    text = file.read_text()
    file.unlink()
    send(here, "removed")
    wait_until(lambda: attempts(here, source="removed"), 20, "a first attempt")
    file.write_text(text)
    file.chmod(0o755)
    wait_for_state(here, "delivered", source="removed", seconds=60)
    # Between its being written and its being made executable it is forbidden.
    assert {one["error_class"] for one in attempts(here, source="removed")[:-1]} <= {
        "not_found", "forbidden"}


def test_the_api_shows_them_and_changes_none(here):
    shown = {one["name"]: one for one in here.pages("/v1/destinations")}
    assert set(SCRIPTS) <= set(shown)
    one = shown["good"]
    assert one["configured"] is True and one["kind"] == "command"
    assert one["settings"]["command"][1] == "an argument"
    path = f"/v1/destinations/{one['destination_id']}"
    for answer in (here.call("PATCH", path, {"name": "mine"}), here.call("DELETE", path)):
        assert answer.status == 409 and "configuration file" in answer.json()["error"], answer
    answer = here.call("POST", "/v1/destinations", {
        "name": "x", "kind": "command", "sources": ["x"], "settings": {"command": ["/bin/true"]}})
    assert answer.status == 400 and "configuration file" in answer.json()["error"], answer


def test_the_file_says_what_is_and_what_it_names_no_more_stands_still(tmp_path):
    program = Program(tmp_path / "program")
    text = program.config.read_text()
    command = script(tmp_path, "command", "echo first")
    program.config.write_text(text + table("one", "one", {"command": [command]}))
    try:
        program.start()
        open_door(program, "one")
        (before,) = program.pages("/v1/destinations")
        send(program, "one")
        wait_for_state(program, "delivered", source="one")
        program.stop()
        program.config.write_text(text)
        program.start()
        (after,) = program.pages("/v1/destinations")
        assert (after["destination_id"], after["status"]) == (before["destination_id"], "disabled")
        assert "configuration file" in after["status_reason"]
        knock(program, "one", {"webhook_id": "waits"})
        program.stop()
        again = script(tmp_path, "again", "echo second")
        program.config.write_text(text + table("one", "one", {"command": [again]}))
        program.start()
        (named,) = program.pages("/v1/destinations")
        assert (named["destination_id"], named["status"]) == (before["destination_id"], "active")
        wait_until(lambda: all(one["status"] == "delivered"
                               for one in deliveries(program, source="one")), 30, "both delivered")
    finally:
        program.close()


@pytest.mark.parametrize("text, named", [
    (table("a", "a", {"command": ["/nowhere/at/all"]}), "/nowhere/at/all"),
    (table("a", "a", {"command": ["relative"]}), "absolute path"),
    (table("a", "a", {"command": []}), "absolute path"),
    (table("a", "a", {"command": ["/bin/true"], "timeout_s": 0}), "settings.timeout_s"),
    (table("a", "a", {"command": ["/bin/true"], "shell": True}), "settings.shell"),
    (table("a", "a", None), "settings is missing"),
    (table("a", "a", {"command": ["/bin/true"]}, url="http://x"), "no url"),
    (table("a", "a", {"command": ["/bin/true"]}, tenant_id="nobody"), "tenant"),
    (table("a", "a", {"command": ["/bin/true"]}, colour="red"), "colour"),
    (table("a", "a", None, kind="http", url="https://example.com"), "secret is missing"),
    (table("a", "a", {"command": ["/bin/true"]}) * 2, "another table"),
], ids=lambda value: value if not value.startswith("[[") else "")
def test_a_mistake_stops_the_start_and_is_named(tmp_path, text, named):
    file = tmp_path / "verihook.toml"
    file.write_text(f'[store]\nurl = "sqlite:{tmp_path}/v.db"\n[secrets]\nmaster_key_file = '
                    f'"{tmp_path}/key"\n[server]\nlisten = "127.0.0.1:0"\n' + text)
    done = run_command("serve", "--config", file, folder=tmp_path)
    assert done.returncode in (1, 2), done
    assert named in done.stderr and f"{file}:" in done.stderr, done.stderr


def test_a_running_command_does_not_hold_up_the_end(tmp_path):
    program = Program(tmp_path / "program")
    pid = tmp_path / "pid"
    command = script(tmp_path, "long", f"trap '' TERM; echo $$ >{pid}; while :; do sleep 5; done")
    program.config.write_text(program.config.read_text() + table(
        "long", "long", {"command": [command], "timeout_s": 600}))
    try:
        program.start()
        open_door(program, "long")
        send(program, "long")
        wait_until(lambda: pid.exists() and pid.read_text().endswith("\n"), 20, "it runs")
        assert program.stop() == 0
        assert not os.path.exists(f"/proc/{pid.read_text().strip()}")
    finally:
        program.close()
