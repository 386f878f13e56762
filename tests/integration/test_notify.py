"""Destinations of kind notify: a chat's webhook, and mails through a real Exim."""
import pytest

from processes import free_port, wait_until
from program import Program
from services import Chat, MailServer, attempts, destination, knock, open_door, wait_for_state

SENDER = {"from": "verihook@notices.test", "to": ["ops@notices.test"]}


@pytest.fixture(scope="module", name="mail")
def one_server():
    server = MailServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="module", name="here")
def one_program(tmp_path_factory, mail):
    program = Program(tmp_path_factory.mktemp("notify") / "program", settings={"network": {
        "allow": ["127.0.0.0/8"], "extra_ca_file": str(mail.certificate)}})
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(name="chat")
def one_chat():
    chat = Chat()
    yield chat
    chat.stop()


def test_a_chat_is_told_of_a_list_that_is_done(here, chat):
    here.post("/v1/destinations", {"name": "chat", "kind": "notify", "url": chat.url, "sources": [],
                                   "events": ["bulk.completed"]}, 201)
    job = here.submit(["accepted_email@sandbox.test", "rejected_email@sandbox.test"])
    wait_for_state(here, "delivered", job_id=job)
    ((content_type, _),) = chat.requests
    assert content_type == "application/json"
    lines = chat.texts()[0].split("\n")
    assert lines[0] == f"*List {job} is verified*"
    assert lines[1] == "2 addresses: 1 valid, 1 invalid, 0 risky, 0 unknown"
    assert lines[2].startswith("Results: http") and job in lines[2]


def test_progress_is_told_once_for_each_quarter(here, chat):
    name = open_door(here, "provider")
    destination(here, name, kind="notify", url=chat.url, events=["bulk.progress"])
    for number, processed in enumerate([10, 26, 30, 49, 80, 60, 81, 100]):
        knock(here, name, {"event_type": "bulk.progress", "webhook_id": f"p{number}",
                           "job_id": "job_7", "processed_count": processed, "total_count": 100})
        wait_until(lambda number=number: len(here.pages(
            f"/v1/deliveries?source={name}&status=delivered")) == number + 1, 30, "delivered")
    assert [text.split("\n")[0] for text in chat.texts()] == [
        f"*List job_7 is {percent} % verified*" for percent in (25, 75, 100)]


def test_what_begins_links_and_mentions_in_a_chat_is_only_text(here, chat):
    name = open_door(here, "sly")
    destination(here, name, kind="notify", url=chat.url)
    knock(here, name, {"event_type": "bulk.failed", "webhook_id": "w", "job_id": "j",
                       "error_code": "X", "error_message": "<!channel> & <http://x|y>"})
    wait_for_state(here, "delivered", source=name)
    assert chat.texts()[0].split("\n")[:2] == [
        "*List j failed: X*", "Why: &lt;!channel&gt; &amp; &lt;http://x|y&gt;"]


def test_a_chat_that_is_away_is_told_later(here):
    name = open_door(here, "away")
    port = free_port()
    destination(here, name, kind="notify", url=f"http://127.0.0.1:{port}/hook")
    knock(here, name, {"webhook_id": "w"})
    wait_until(lambda: attempts(here, source=name), 20, "a first attempt")
    chat = Chat(port)
    try:
        wait_for_state(here, "delivered", source=name, seconds=60)
        assert len(chat.requests) == 1
    finally:
        chat.stop()


@pytest.mark.parametrize("scheme, credentials", [
    ("smtp", ""), ("smtp", f"me:{MailServer.PASSWORD}@"), ("smtps", f"me:{MailServer.PASSWORD}@")])
def test_a_mail_arrives(here, mail, scheme, credentials):
    name = open_door(here, f"{scheme}{len(credentials)}")
    port = mail.tls_port if scheme == "smtps" else mail.port
    made = destination(here, name, kind="notify", settings=SENDER,
                       url=f"{scheme}://{credentials}127.0.0.1:{port}")
    before = len(mail.received())
    knock(here, name, {"event_type": "bulk.failed", "webhook_id": "w", "job_id": "jöb",
                       "error_code": "OOPS", "error_message": "The disk is full.",
                       "processed_count": 3, "total_count": 9})
    wait_for_state(here, "delivered", source=name)
    got = wait_until(lambda: mail.received()[before:], 20, "a mail")[0]
    (event,) = here.pages(f"/v1/events?source={name}")
    assert got["Subject"] == "List jöb failed: OOPS"
    assert (got["From"], got["To"]) == (SENDER["from"], SENDER["to"][0])
    assert got["Message-ID"] == f"<{event['event_id']}.{made}@notices.test>"
    assert got.get_content().splitlines() == [
        "List jöb failed: OOPS", "", "Why: The disk is full.", "3 of 9 addresses were verified",
        f"Source: {name}", f"Event: {event['event_id']}"]
    assert "tls" in got["Received"].lower(), got["Received"]


def test_a_wrong_password_and_a_refused_recipient_say_so(here, mail):
    cases = {
        "password": (f"smtp://me:wrong@127.0.0.1:{mail.port}", SENDER, "unauthorized"),
        "recipient": (f"smtp://127.0.0.1:{mail.port}",
                      {**SENDER, "to": ["nobody@elsewhere.test"]}, "forbidden")}
    for name, (url, settings, error_class) in cases.items():
        destination(here, open_door(here, name), kind="notify", url=url, settings=settings)
        knock(here, name, {"webhook_id": "w"})
        wait_for_state(here, "dead", source=name)
        (attempt,) = attempts(here, source=name)
        assert attempt["error_class"] == error_class, attempt


@pytest.mark.parametrize("members, named", [
    ({}, "url is missing"),
    ({"url": "smtp://h"}, "settings must say"),
    ({"url": "smtp://h", "settings": {"from": "a@b.example"}}, "settings must say"),
    ({"url": "smtp://h/x", "settings": SENDER}, "host or the port"),
    ({"url": "smtp://h", "settings": {**SENDER, "to": ["x\r\nRCPT"]}}, "settings.to"),
    ({"url": "smtp://h", "settings": {**SENDER, "from": "ä@b.example"}}, "settings.from"),
    ({"url": "https://h.example", "settings": {"channel": "x"}}, "settings.channel"),
    ({"url": "ftp://h.example"}, "https://"),
    ({"url": "https://h.example", "secret": "x"}, "secret"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_with_a_destination_is_named(here, members, named):
    answer = here.call("POST", "/v1/destinations",
                       {"name": "x", "kind": "notify", "sources": ["x"], **members})
    assert answer.status == 400 and named in answer.json()["error"], answer
