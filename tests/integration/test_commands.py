"""The command line as people use it: what it prints, where, and its exit code."""
import csv
import io
import json
import re
import signal

import pytest
from processes import Process, free_port, wait_until
from program import KEY, binary, run_command
from receivers import SECRET, assert_authentic, signature

COMMANDS = ["serve", "demo", "doctor", "verify", "bulk", "jobs", "endpoints", "events",
            "deliveries", "dead-letters", "replays", "sources", "keys", "lists", "trigger", "sign",
            "check-signature", "config"]
EMAILS = ["accepted_email@sandbox.test", "rejected_email@sandbox.test", "catch_all@sandbox.test",
          "timeout@sandbox.test"]


def client(program, *arguments, **more):
    environment = {"VERIHOOK_URL": program.url, "VERIHOOK_API_KEY": KEY, **more.pop("env", {})}
    return run_command(*arguments, environment=environment, **more)


def succeed(done):
    assert done.returncode == 0, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_help_names_every_command():
    text = succeed(run_command("--help"))
    for command in COMMANDS:
        assert f"  {command}" in text, command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    text = succeed(run_command(command, "--help"))
    assert len(text.splitlines()) > 2


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["serve", "--confg", "x"], ["verify"], ["bulk"],
    ["trigger", "bulk.exploded", "--to", "http://127.0.0.1:9/", "--secret", "s"],
    ["keys", "create", "--scope", "king"], ["verify", "a@b.test", "--timeout-ms", "soon"]])
def test_wrong_usage_is_exit_code_2_and_nothing_on_standard_output(arguments):
    done = run_command(*arguments)
    assert done.returncode == 2, done
    assert done.stderr.strip() and not done.stdout.strip(), done


def test_version():
    assert succeed(run_command("--version")).startswith("verihook ")


def test_the_page_of_settings_is_the_documented_one():
    page = succeed(run_command("config"))
    for key in ("listen", "bootstrap_key", "master_key_file", "trusted_proxies", "allow"):
        assert f"`{key}`" in page, key


def test_verify_asks_the_servers_of_the_configuration(program, world):
    wanted = {}
    for address in world.addresses:
        simple = address.email.isascii() and " " not in address.email
        if simple and address.reason not in ("greylisted", "eai_not_supported"):
            wanted.setdefault(address.reason, address)
    addresses = [a for a in wanted.values() if not a.email.startswith("-")]
    done = run_command("verify", "--json", "--config", program.config,
                       *[address.email for address in addresses], folder=program.folder)
    results = [json.loads(line) for line in succeed(done).splitlines()]
    assert [(r["email"], r["status"], r["reason"]) for r in results] == [
        (a.email, a.status, a.reason) for a in addresses]


def test_verify_over_a_server_and_for_people(program):
    text = succeed(client(program, "verify", *EMAILS[:2]))
    assert "valid" in text and "invalid" in text and "rejected_email" in text
    assert "\x1b[" not in text, "colours are for terminals"


@pytest.mark.parametrize("name, text", [
    ("list.txt", "\n".join(EMAILS) + "\n"), ("list.json", json.dumps(EMAILS)),
    ("list.ndjson", "".join(json.dumps({"email": e}) + "\n" for e in EMAILS)),
    ("list.csv", "name,email\n" + "".join(f"n{i},{e}\n" for i, e in enumerate(EMAILS)))])
def test_bulk_takes_a_file_waits_and_writes_the_results(program, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    out = tmp_path / "results.csv"
    done = client(program, "bulk", tmp_path / name, "--wait", "--out", out)
    succeed(done)
    rows = list(csv.DictReader(out.open()))
    assert [row["email"] for row in rows] == EMAILS
    assert [row["reason"] for row in rows] == [e.split("@")[0] for e in EMAILS]
    assert "4" in done.stderr, f"progress and summary: {done.stderr}"


def test_bulk_reads_standard_input_and_writes_standard_output(program):
    done = client(program, "bulk", "-", "--wait", "--out", "-", "--format", "ndjson",
                  text="\n".join(EMAILS))
    lines = [json.loads(line) for line in succeed(done).splitlines()]
    assert [line["email"] for line in lines] == EMAILS


def test_bulk_without_waiting_prints_the_job_to_go_on_with(program):
    done = client(program, "bulk", "-", text=EMAILS[0])
    job_id = next(word for word in succeed(done).split() if word.startswith("job_"))
    program.wait_for_job(job_id, 30)
    text = succeed(client(program, "bulk", "--job", job_id, "--wait", "--out", "-", "--format",
                          "csv"))
    assert list(csv.DictReader(io.StringIO(text)))[0]["email"] == EMAILS[0]


def test_jobs_are_listed_shown_and_acted_on(program):
    job = program.post("/v1/bulk/verify", {"emails": EMAILS, "name": "spring list",
                                           "start": False}, 202)["job_id"]
    assert re.search(rf"{job} +paused .*spring list", succeed(client(program, "jobs", "list")))
    assert "0 of 4" in succeed(client(program, "jobs", "show", job))
    assert succeed(client(program, "jobs", "start", job)).startswith(f"{job} is ")
    program.wait_for_job(job, 30)
    assert json.loads(succeed(client(program, "jobs", "show", job, "--json")))["total"] == 4
    assert "completed" in succeed(client(program, "jobs", "show", job))
    again = re.search(r"goes on as (job_\w+): 1 addresses",
                      succeed(client(program, "jobs", "retry", job)))[1]
    program.wait_for_job(again, 30)
    refused = client(program, "jobs", "pause", job)
    assert refused.returncode == 1 and "completed" in refused.stderr
    assert succeed(client(program, "jobs", "delete", job, again)).count("is deleted") == 2
    gone = client(program, "jobs", "show", job)
    assert gone.returncode == 1 and "no such job" in gone.stderr


def test_keys_are_made_listed_and_revoked(program):
    made = succeed(client(program, "keys", "create", "--name", "shop", "--scope", "read"))
    key = re.search(r"vh_live_\w{30,}", made)[0]
    key_id = re.search(r"key_\w{20,}", made)[0]
    program.call("GET", "/v1/bulk", key=key).expect(200)
    listed = succeed(client(program, "keys", "list"))
    assert key_id in listed and key not in listed
    succeed(client(program, "keys", "revoke", key_id))
    assert key_id in succeed(client(program, "keys", "list"))


@pytest.mark.parametrize("event", ["bulk.completed", "bulk.progress", "bulk.failed",
                                   "verification.completed", "webhook.test"])
def test_trigger_sends_a_signed_sample(receiver, event):
    path = f"/trigger-{event}"
    succeed(run_command("trigger", event, "--to", receiver.url + path, "--secret", SECRET))
    (came,) = receiver.deliveries(path=path)
    assert came["payload"]["event_type"] == event
    assert_authentic(came)


def test_trigger_fails_when_the_receiver_refuses(receiver):
    done = run_command("trigger", "bulk.completed", "--to", receiver.url + "/always/500/trigger",
                       "--secret", SECRET)
    assert done.returncode == 1 and "500" in done.stdout + done.stderr, done


def test_sign_and_check_signature_agree_with_others(tmp_path):
    body = tmp_path / "body.json"
    body.write_bytes('{"note":"Grüße"}'.encode())
    headers = succeed(run_command("sign", body, "--secret", SECRET))
    assert signature(body.read_bytes()) in headers
    good = f"X-Webhook-Signature: {signature(body.read_bytes())}"
    succeed(run_command("check-signature", body, "--secret", SECRET, "--header", good))
    done = run_command("check-signature", body, "--secret", SECRET + " ", "--header", good)
    assert done.returncode == 1, done


def test_sign_and_check_signature_know_asymmetric_keys(tmp_path):
    """The key of RFC 8032, 7.1, test 1."""
    private = ("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/"
               "tPJZAc6DuFy89qmIyWvAhpo9wdRGg==")
    public = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    body = tmp_path / "body.json"
    body.write_text("{}")
    headers = succeed(run_command("sign", body, "--secret", private)).splitlines()
    assert any(line.startswith("webhook-signature: v1a,") for line in headers), headers
    check = ["check-signature", body, "--kind", "standard-webhooks"]
    for line in headers:
        check += ["--header", line]
    succeed(run_command(*check, "--secret", public))
    other = public.replace("11qY", "12qY")
    assert run_command(*check, "--secret", other).returncode == 1
    for refused, word in ((run_command(*check, "--secret", private), "public"),
                          (run_command("sign", body, "--secret", public), "private")):
        assert refused.returncode != 0 and word in refused.stderr, refused


def test_a_server_that_is_not_there_is_one_sentence_and_exit_code_1():
    done = run_command("keys", "list", environment={
        "VERIHOOK_URL": f"http://127.0.0.1:{free_port()}", "VERIHOOK_API_KEY": KEY})
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, done


def test_a_wrong_key_is_told_as_such(program):
    done = client(program, "keys", "list", env={"VERIHOOK_API_KEY": "vh_live_wrong"})
    assert done.returncode == 1 and "key" in done.stderr.lower(), done


def test_demo_runs_its_job_and_ends_cleanly_on_an_interrupt(tmp_path):
    port = free_port()
    demo = Process("demo", [binary(), "demo", "--data", tmp_path / "data", "--listen",
                            f"127.0.0.1:{port}"], tmp_path / "demo.log", folder=tmp_path)
    demo.start()
    try:
        demo.wait_for(lambda: f"127.0.0.1:{port}" in demo.output() and
                      "bulk.completed" in demo.output(), 60, "shows the job's end and its address")
        assert demo.end(signal.SIGINT, 30) == 0, demo.tail()
    finally:
        demo.end()
    assert "AddressSanitizer" not in demo.output(), demo.tail()


def test_demo_can_end_by_itself(tmp_path):
    succeed(run_command("demo", "--data", tmp_path / "data", "--listen",
                        f"127.0.0.1:{free_port()}", "--exit-after-job", seconds=120))


def test_what_was_not_delivered_is_found_and_sent_again(program, receiver):
    hook = program.post("/v1/webhooks", {"url": f"{receiver.url}/always/500/resources",
                                         "events": ["webhook.test"], "secret": SECRET,
                                         "retry_schedule": [0.1]}, 201)["webhook_id"]
    assert hook in succeed(client(program, "endpoints", "list", "--limit", "1000"))
    assert hook in succeed(client(program, "endpoints", "test", hook))
    wait_until(lambda: program.pages(f"/v1/dead-letters?endpoint={hook}"), 20, "a dead letter")
    lines = succeed(client(program, "dead-letters", "list", "--endpoint", hook, "--json"))
    (letter,) = [json.loads(line) for line in lines.splitlines()]
    shown = succeed(client(program, "deliveries", "show", letter["delivery_id"]))
    assert json.loads(shown)["attempts"][0]["status_code"] == 500
    program.call("PATCH", f"/v1/webhooks/{hook}",
                 {"url": f"{receiver.url}/resources"}).expect(200)
    which = ("--endpoint", hook, "--type", "webhook.test")
    dry = succeed(client(program, "replays", "create", "--mode", "failed", "--dry-run", *which))
    assert dry == "1 deliveries\n"
    assert client(program, "dead-letters", "requeue").returncode == 2
    assert succeed(client(program, "dead-letters", "requeue", *which)) == "1 requeued\n"
    receiver.wait_for(1, path="/resources")
    made = succeed(client(program, "replays", "create", "--mode", "all", *which))
    replay_id = made.split()[0]
    assert made == f"{replay_id} is running: 0 deliveries\n"  # tests are not replayed
    wait_until(lambda: program.get(f"/v1/replays/{replay_id}")["status"] == "completed", 20, "done")
    assert replay_id in succeed(client(program, "replays", "list"))
    assert client(program, "replays", "pause", replay_id).returncode == 1
    assert succeed(client(program, "endpoints", "delete", hook)) == f"{hook} is deleted\n"
