"""No delivery reaches an address that is not public, however its URL is spelled: 120 forms as
literal targets, and for each a name that resolves to such an address, one that does so from the
second question on, one that does so beside an allowed address, and a redirect. Listeners on all
addresses of this machine see nobody; the allowed ones beside them see everybody.
"""
import pytest
from processes import free_port, wait_until
from program import Program
from ssrf import (ALLOWED, ALLOWED_RANGE, FORMS, OTHER_ALLOWED, URL, Listeners, Names,
                  names_of, numbered)

EVERYWHERE = ("127.0.0.1", "0.0.0.0")
KEPT_SECONDS = 10       # an answer is asked for again after that, whatever it says of itself
REFUSED_BY = {"address": "forbidden_address", "dns": "dns"}


class Attacker:
    """A program that may reach one range of loopback, and what stands around it."""

    def __init__(self, folder):
        self.port = free_port(EVERYWHERE)
        self.listeners = Listeners(self.port, self.answer)
        dns_port = free_port()
        self.names = Names(dns_port, names_of(FORMS))
        self.program = Program(folder, settings={
            "network": {"allow": [ALLOWED_RANGE], "allow_http": True},
            "dns": {"servers": [f"127.0.0.1:{dns_port}"]}})

    def answer(self, path):
        """By what the path begins with; /redirect/N leads to the N-th form."""
        parts = path.split("/")
        if parts[1] == "redirect":
            form = FORMS[int(parts[2])][0].encode("ascii", "replace").decode().strip()
            return (f"HTTP/1.1 307 There\r\nLocation: http://{form}:{self.port}/\r\n"
                    "Content-Length: 0\r\n\r\n")
        status = "500 No" if parts[1] == "rebind" else "200 OK"
        return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def url(self, host, path):
        return f"http://{host}:{self.port}/{path}"

    def send(self, url, **options):
        """Registers the URL and sends one event to it; None when the API refuses it."""
        answer = self.program.call("POST", "/v1/webhooks", {
            "url": url, "events": ["webhook.test"], "retry_schedule": [], **options})
        if answer.status == 400:
            assert "url" in answer.json()["error"].lower(), answer
            return None
        hook = answer.expect(201)["webhook_id"]
        self.program.post(f"/v1/webhooks/{hook}/test", {}, 202)
        return hook

    def attempts(self, hook):
        """What became of its event, once that is certain."""
        def ended():
            (delivery,) = self.program.get(f"/v1/webhooks/{hook}/deliveries")["data"]
            return delivery if delivery["status"] != "pending" else None
        found = wait_until(ended, 60, f"the end of {hook}'s delivery")
        return self.program.get(f"/v1/deliveries/{found['delivery_id']}")["attempts"]

    def close(self):
        try:
            self.program.close()
        finally:
            self.names.close()
            self.listeners.close()


@pytest.fixture(name="attacker", scope="module")
def make_attacker(tmp_path_factory):
    attacker = Attacker(tmp_path_factory.mktemp("ssrf"))
    try:
        attacker.program.start()
        yield attacker
    finally:
        attacker.close()


def check_all(attacker, hooks, expected):
    """`hooks` is {form: hook}, `expected` the classes or statuses of each one's attempts."""
    wrong = {}
    for form, hook in hooks.items():
        seen = [attempt["status_code"] or attempt["error_class"]
                for attempt in attacker.attempts(hook)]
        if seen != expected(form):
            wrong[form] = seen
    assert not wrong, wrong
    assert attacker.listeners.came_to_forbidden() == {}


def test_the_table_has_120_forms_and_each_once():
    assert len(FORMS) >= 120 and len({form for form, _ in FORMS}) == len(FORMS)


def test_no_spelling_of_an_address_is_reached(attacker):
    refused_by, hooks = dict(FORMS), {}
    for number, (form, refused) in numbered(FORMS):
        hook = attacker.send(attacker.url(form, f"literal/{number}"))
        assert (hook is None) == (refused == URL), f"{form!r} is to be refused by its {refused}"
        if hook is not None:
            hooks[form] = hook
    check_all(attacker, hooks, lambda form: [REFUSED_BY[refused_by[form]]])


def test_no_name_leads_to_a_forbidden_address(attacker):
    hooks = {number: attacker.send(attacker.url(f"n{number}.name.test", f"name/{number}"))
             for number in range(len(FORMS))}
    check_all(attacker, hooks, lambda _: ["forbidden_address"])


def test_a_name_that_is_allowed_and_forbidden_is_refused_whole(attacker):
    hooks = {number: attacker.send(attacker.url(f"n{number}.mixed.test", f"mixed/{number}"))
             for number in range(len(FORMS))}
    check_all(attacker, hooks, lambda _: ["forbidden_address"])
    assert not [path for path in attacker.listeners.visits if path.startswith("/mixed/")]


def test_a_name_that_changes_its_mind_is_judged_again_at_each_attempt(attacker):
    hooks = {number: attacker.send(attacker.url(f"n{number}.rebind.test", f"rebind/{number}"),
                                   retry_schedule=[KEPT_SECONDS * 1.3])
             for number in range(len(FORMS))}
    check_all(attacker, hooks, lambda _: [500, "forbidden_address"])
    for number in hooks:
        assert attacker.listeners.visits[f"/rebind/{number}"] == 1, number


def test_a_redirect_to_any_of_them_is_not_followed(attacker):
    hooks = {number: attacker.send(attacker.url(ALLOWED, f"redirect/{number}"))
             for number in range(len(FORMS))}
    check_all(attacker, hooks, lambda _: [307])
    for number in hooks:
        assert attacker.listeners.visits[f"/redirect/{number}"] == 1, number


@pytest.mark.parametrize("host", [ALLOWED, OTHER_ALLOWED, "allowed.test", "ALLOWED.Test",
                                  "both.allowed.test"])
def test_what_is_allowed_is_reached(attacker, host):
    path = f"control/{host}"
    hooks = {n: attacker.send(attacker.url(host, f"{path}/{n}")) for n in range(4)}
    check_all(attacker, hooks, lambda _: [200])
    for n in hooks:
        assert attacker.listeners.visits[f"/{path}/{n}"] == 1
