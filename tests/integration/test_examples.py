"""The examples do what their texts say: they are built and started as users do it, and sent events.
All of them answer alike."""
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from library import build_with_library, run
from processes import Process
from program import ROOT, run_command
from receivers import SECRET, endpoint, now, send_from_node, signature

EXAMPLES = ROOT / "examples"
AT_ONCE = 20
URL = re.compile(r"http://127\.0\.0\.1:\d+")


def go(_request, folder):
    """Built into one file; what it compiles of the standard library is kept."""
    run("go", "build", "-o", folder / "go-receiver", ".", folder=EXAMPLES / "go-receiver",
        CGO_ENABLED="0", GOCACHE=str(ROOT / "build/go"), GOFLAGS="-buildvcs=false")
    return [folder / "go-receiver"]


def cpp(request, folder):
    """Against the library as it is installed, which only this one needs."""
    prefix = request.getfixturevalue("library")
    return [build_with_library(prefix, EXAMPLES / "cpp-receiver", folder / "cpp") / "receiver"]


LANGUAGES = {
    "node": lambda *_: ["node", EXAMPLES / "node-receiver/receiver.mjs"],
    "python": lambda *_: [sys.executable, EXAMPLES / "python-receiver/receiver.py"],
    "php": lambda *_: ["php", EXAMPLES / "php-receiver/receiver.php"],
    "go": go,
    "cpp": cpp,
}


@pytest.fixture(scope="session", name="arguments", params=LANGUAGES)
def made_example(request, tmp_path_factory):
    """How the example of one language is started."""
    return LANGUAGES[request.param](request, tmp_path_factory.mktemp(request.param))


class Example:
    """A running example; `events()` is what it wrote down."""

    def __init__(self, arguments, folder):
        self.file = folder / "events.jsonl"
        self.process = Process("example", arguments, folder / "example.log",
                               {"WEBHOOK_SECRET": SECRET, "PORT": "0",
                                "EVENTS_FILE": str(self.file)})
        self.url = None

    def start(self):
        before = self.process.output() if self.process.child else ""
        self.process.start()
        self.process.wait_for(lambda: URL.search(self.process.output(), len(before)), 20, "listens")
        self.url = URL.search(self.process.output(), len(before))[0] + "/"
        return self

    def events(self):
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@pytest.fixture(name="example")
def running_example(arguments, tmp_path):
    example = Example(arguments, tmp_path)
    try:
        yield example.start()
    finally:
        example.process.end()


def post(url, body, **headers):
    """(status, object) of a body that is signed and not always JSON; nothing for the status when
    the receiver has had enough before it was sent."""
    sent = {"Content-Type": "application/json", "X-Webhook-Signature": signature(body), **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, sent), timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def sample(number, **more):
    return {"event_type": "bulk.completed", "webhook_id": f"evt_{number}", "job_id": "job_1",
            "timestamp": now(), "summary": {"total": 3, "valid": 2}, "download_url": "https://x/",
            "note": "Grüße", **more}


def test_it_tells_right_from_wrong(example):
    answers = send_from_node(example.url, [
        {"payload": sample(1)}, {"payload": sample(1)}, {"payload": sample(2), "signature": None},
        {"payload": sample(3), "signature": "0" * 64}, {"payload": sample(4), "signature": "short"},
        {"payload": sample(5, timestamp=now(-400))},
        {"payload": sample(6), "headers": {"webhook-id": "evt_6", "webhook-timestamp": "1",
                                           "webhook-signature": "v1,AAAA"}}])
    assert answers == [(200, {"received": True}), (200, {"received": True, "duplicate": True}),
                       (401, {"error": "Missing signature"}), (401, {"error": "Invalid signature"}),
                       (401, {"error": "Invalid signature"}), (400, {"error": "Invalid timestamp"}),
                       (401, {"error": "Invalid signature"})]
    assert [event["webhook_id"] for event in example.events()] == ["evt_1"]
    example.process.wait_for(lambda: "2 of 3 valid" in example.process.output(), 10, "works it off")


def test_it_refuses_what_is_signed_and_no_event(example):
    for body in (b"{", b"", b"null", b"[]", b'"text"', b"{}", b'{"webhook_id":7}'):
        assert post(example.url, body) == (400, {"error": "Invalid JSON"}), body
    for timestamp in ("", "yesterday", None):
        body = json.dumps(sample(1, timestamp=timestamp)).encode()
        status, answer = post(example.url, body)
        assert status == 400 and answer["error"].startswith("Invalid "), (timestamp, answer)
    assert example.events() == []


def test_it_refuses_what_is_too_large_and_other_methods(example):
    body = json.dumps(sample(1, note="x" * 1024 * 1024)).encode()
    try:
        assert post(example.url, body) == (413, {"error": "Payload too large"})
    except (ConnectionError, urllib.error.URLError):
        pass        # it closed the connection before all had been sent
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(example.url, timeout=30)
    assert refused.value.code == 405
    assert example.events() == []
    assert send_from_node(example.url, [{"payload": sample(2)}]) == [(200, {"received": True})]


def test_it_stores_an_event_once_that_comes_many_times_at_once(example):
    body = json.dumps(sample(1), ensure_ascii=False).encode()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: post(example.url, body), range(AT_ONCE)))
    assert all(status == 200 and answer["received"] for status, answer in answers), answers
    assert sum("duplicate" not in answer for _, answer in answers) == 1, answers
    assert [event["webhook_id"] for event in example.events()] == ["evt_1"]
    assert example.events()[0]["note"] == "Grüße"


def test_it_takes_an_event_again_whose_line_was_cut_off_by_a_crash(example):
    assert post(example.url, json.dumps(sample(1)).encode())[0] == 200
    example.process.end()
    whole = example.file.read_bytes()
    example.file.write_bytes(whole + whole.replace(b"evt_1", b"evt_2")[:-10])
    example.start()
    assert post(example.url, json.dumps(sample(2)).encode()) == (200, {"received": True})
    assert post(example.url, json.dumps(sample(1)).encode())[1]["duplicate"] is True
    assert [event["webhook_id"] for event in example.events()] == ["evt_1", "evt_2"]


def test_it_knows_its_events_again_after_a_restart(example):
    assert send_from_node(example.url, [{"payload": sample(7)}]) == [(200, {"received": True})]
    example.process.end()
    example.start()
    again = send_from_node(example.url, [{"payload": sample(7)}])
    assert again == [(200, {"received": True, "duplicate": True})]


def test_it_takes_the_samples_of_the_program(example):
    for event in ("bulk.completed", "bulk.failed", "bulk.progress", "webhook.test"):
        done = run_command("trigger", event, "--to", example.url, "--secret", SECRET)
        assert done.returncode == 0, done
    assert [event["event_type"] for event in example.events()] == [
        "bulk.completed", "bulk.failed", "bulk.progress", "webhook.test"]


def test_it_takes_the_events_of_a_real_job(example, program):
    hook = endpoint(program, example.url, ["bulk.completed"])
    job_id = program.submit(["accepted_email@sandbox.test", "rejected_email@sandbox.test"])
    example.process.wait_for(lambda: f"job {job_id}: 1 of 2 valid" in example.process.output(), 60,
                             "has worked off the job's event")
    program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)


def test_without_a_secret_it_does_not_start(arguments, tmp_path):
    environment = {name: os.environ[name] for name in os.environ if name != "WEBHOOK_SECRET"}
    done = subprocess.run([str(part) for part in arguments], capture_output=True, text=True,
                          timeout=30, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 2 and "WEBHOOK_SECRET" in done.stderr, done
