"""Lists: shown, replaced, and changed under a running server; the operator's own lines."""
import json
import os
import re

import pytest
from processes import wait_until
from program import Program, run_command

COMPILED = "verihook-lists 1\nlist disposable burners@2.0.0 1\nburner.example\n"
NEWER = COMPILED.replace("2.0.0", "2.1.0").replace("burner.example", "newer.example")


def lists(*arguments, **more):
    return run_command("lists", *arguments, **more)


def succeed(done):
    assert done.returncode == 0, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def complaint(done):
    """The one sentence of a command that failed."""
    assert done.returncode == 1 and not done.stdout, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def put(file, text):
    """As a careful editor does it: written beside, then renamed."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(text)
    os.replace(fresh, file)


@pytest.fixture(name="files")
def make_files(tmp_path):
    compiled, local = tmp_path / "lists.txt", tmp_path / "local.txt"
    compiled.write_text(COMPILED)
    local.write_text("")
    return compiled, local


@pytest.fixture(name="served")
def make_served(tmp_path, files):
    compiled, local = map(str, files)
    program = Program(tmp_path / "program",
                      settings={"lists": {"file": compiled, "local": local}})
    try:
        yield program.start()
    finally:
        program.close()


def verify(program, email, query=""):
    return program.post(f"/v1/verify{query}", {"email": email, "smtp": False})


def test_show_names_every_list_with_its_version_and_size():
    text = succeed(lists("show"))
    for name in ("disposable", "free", "role", "alias_relay", "popular"):
        assert re.search(rf"^{name} +[\d,]+  [\w-]+@[\w.]+$", text, re.MULTILINE), text
    described = json.loads(succeed(lists("show", "--json")))
    assert described["file"] is None and described["local"] == []
    assert sum(row["entries"] for row in described["lists"]) > 10_000


def test_show_has_the_files_of_the_configuration_and_the_lines_of_the_operator(files):
    compiled, local = files
    local.write_text("# ours\ndeny disposable Foo.Example\nallow disposable bar.example\n"
                     "suppress Someone@example.com\nsuppress example.org # for ever\n")
    environment = {"VERIHOOK_LISTS_FILE": str(compiled), "VERIHOOK_LISTS_LOCAL": str(local)}
    text = succeed(lists("show", environment=environment))
    assert "burners@2.0.0" in text and str(compiled) in text and str(local) in text
    described = json.loads(succeed(lists("show", "--json", environment=environment)))
    assert [tuple(row.values()) for row in described["local"]] == [
        ("deny", "disposable", "foo.example"), ("allow", "disposable", "bar.example"),
        ("deny", "suppressed", "someone@example.com"), ("deny", "suppressed", "example.org")]
    sources = [row["source"] for row in described["lists"]]
    assert sources[0] == "burners@2.0.0" and sources[1].startswith("local@20"), sources


@pytest.mark.parametrize("line, reason", [
    ("block disposable foo.example", "expected \"allow LIST ENTRY\""),
    ("deny nice foo.example", "there is no list \"nice\""),
    ("deny free foo..example", "\"foo..example\" is not a domain"),
    ("suppress @example.com", "this is no address")])
def test_a_wrong_line_of_the_operator_stops_the_start_with_file_and_line(tmp_path, line, reason):
    local = tmp_path / "local.txt"
    local.write_text(f"# fine\n\n{line}\n")
    environment = {"VERIHOOK_LISTS_LOCAL": str(local)}
    for command in (("serve",), ("lists", "show"), ("verify", "a@sandbox.test")):
        done = run_command(*command, environment=environment, folder=tmp_path)
        assert f"{local}:3: " in complaint(done) and reason in done.stderr, done.stderr


def test_update_puts_a_checked_file_in_place(tmp_path):
    target, source = tmp_path / "var" / "lists.txt", tmp_path / "newer.txt"
    environment = {"VERIHOOK_LISTS_FILE": str(target)}
    source.write_text(COMPILED)
    assert "burners@2.0.0" in succeed(lists("update", "--from", source, environment=environment))
    assert target.read_text() == COMPILED
    succeed(lists("update", "--from", "-", environment=environment, text=NEWER))
    assert target.read_text() == NEWER
    for bad in ("", "nonsense\n", COMPILED.replace(" 1\nburner", " 2\nburner")):
        source.write_text(bad)
        done = lists("update", "--from", source, environment=environment)
        assert f"{source}: lists, line" in complaint(done), done.stderr
        assert target.read_text() == NEWER
    assert os.listdir(target.parent) == ["lists.txt"]


def test_update_says_what_it_needs(tmp_path):
    source = tmp_path / "lists.txt"
    source.write_text(COMPILED)
    assert "lists.file is not set" in complaint(lists("update", "--from", source))
    environment = {"VERIHOOK_LISTS_FILE": str(tmp_path / "out.txt")}
    assert "--compiler FOLDER" in complaint(lists("update", environment=environment))
    done = lists("update", "--compiler", tmp_path, environment=environment)
    assert "update.mjs" in complaint(done)
    done = lists("update", "--from", tmp_path / "not-there", environment=environment)
    assert "not-there" in complaint(done)
    assert not (tmp_path / "out.txt").exists()


def test_update_runs_the_compiler_of_the_source(tmp_path):
    compiler = tmp_path / "compiler"
    compiler.mkdir()
    target = tmp_path / "lists.txt"
    environment = {"VERIHOOK_LISTS_FILE": str(target)}
    script = compiler / "update.mjs"
    script.write_text("import { writeFileSync } from 'node:fs';\n"
                      f"writeFileSync(process.argv[2], {json.dumps(COMPILED)});\n")
    succeed(lists("update", "--compiler", compiler, environment=environment))
    assert target.read_text() == COMPILED
    script.write_text("console.error('no network'); process.exit(1);\n")
    done = lists("update", "--compiler", compiler, environment=environment)
    assert done.returncode == 1 and "no network" in done.stderr and "old ones stay" in done.stderr
    assert target.read_text() == COMPILED


def test_a_suppressed_address_is_risky_and_nobody_is_asked(served, files):
    put(files[1], "suppress someone@d.example\nsuppress example.org\n")
    served.log_says("the lists were read again")
    for email in ("Someone@d.example", "anybody@example.org", "x@mail.example.org"):
        result = verify(served, email)
        assert (result["status"], result["reason"]) == ("risky", "suppressed"), result
        assert result["is_valid"] is False and result["smtp"]["checked"] is False
    traced = verify(served, "x@mail.example.org", "?trace=true")
    hits = traced["trace"]["lists"]
    assert len(hits) == 1 and hits[0].startswith("suppressed:example.org@local@20"), hits
    job = served.submit(["Someone@d.example", "accepted_email@sandbox.test"])
    served.wait_for_job(job, 30, states=("completed",))
    assert [row["reason"] for row in served.download(job)] == ["suppressed", "accepted_email"]


def test_changed_files_are_read_while_the_server_runs(served, files):
    compiled, local = files
    assert verify(served, "x@burner.example")["reason"] == "disposable"

    def disposable(email):
        return verify(served, email)["is_disposable"]

    put(local, "deny disposable sandbox.test\n")
    wait_until(lambda: disposable("accepted_email@sandbox.test"), 15, "local file to be read")
    done = lists("update", "--config", served.config, "--from", "-", text=NEWER)
    succeed(done)
    wait_until(lambda: verify(served, "x@newer.example")["reason"] == "disposable", 15,
               "new lists to be read")
    traced = verify(served, "x@newer.example", "?trace=true")
    assert traced["trace"]["lists"] == ["disposable:newer.example@burners@2.1.0"]

    # What cannot be used changes nothing, and the log says where the mistake is.
    put(local, "deny disposable sandbox.test\nsupress a@b.example\n")
    served.log_says(f"{local}:2: expected")
    put(compiled, "nonsense")
    served.log_says(f"{local}:2: expected")
    assert disposable("accepted_email@sandbox.test") is True
    assert verify(served, "x@newer.example")["reason"] == "disposable"
    put(local, "")
    put(compiled, NEWER)
    wait_until(lambda: not disposable("accepted_email@sandbox.test"), 15, "mended file to be read")
