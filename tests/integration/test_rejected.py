"""What a source refuses is kept with its reason, and admitted once what was wrong is mended."""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import time

import pytest
from processes import wait_until
from program import KEY, Program, run_command
from receivers import SECRET, knock, now, signature, signed

# All forged requests; the whole number is 10,000.
FORGED = int(os.environ.get("VERIHOOK_FORGED_REQUESTS", "400"))
NUMBERS = itertools.count()
HEADER = "X-Webhook-Signature"


def payload(**more):
    return {"event_type": "bulk.completed", "webhook_id": f"evt_{next(NUMBERS)}",
            "timestamp": now(), "name": "Grüße", **more}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def mac(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def make(program, name=None, secrets=(SECRET,), kind="hmac", **members):
    """A source; its id and its name."""
    name = name or f"refusing{next(NUMBERS)}"
    verifier = {"kind": kind, "secrets": list(secrets)}
    made = program.post("/v1/sources", {"name": name, "verifier": verifier, **members}, 201)
    return made["source_id"], name


def rejected(program, source, count=1, query=""):
    """So many of them, newest first."""
    path = f"/v1/sources/{source}/rejected{query}"

    def enough():
        found = program.pages(path)
        return found if len(found) >= count else None
    return wait_until(enough, 30, lambda: f"{count} are kept; there are {program.pages(path)}")


def standard(body, moment, secret=SECRET):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b"msg_1." + str(moment).encode() + b"." + body
    value = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(moment),
            "webhook-signature": f"v1,{value}"}


SIGNED = compact(payload())
DIAGNOSED = {
    "no_signature": (SIGNED, {}),
    "unknown_secret": (SIGNED, {HEADER: signature(SIGNED, "nobody's")}),
    "secret_white_space": (SIGNED, {HEADER: signature(SIGNED, SECRET + "\n")}),
    "secret_encoding": (SIGNED, {HEADER: hmac.new(
        base64.b64decode(SECRET.removeprefix("whsec_")), SIGNED, hashlib.sha256).hexdigest()}),
    "secret_of_other_source": (SIGNED, {HEADER: signature(SIGNED, "the secret of billing")}),
    "body_reserialised": (json.dumps(json.loads(SIGNED)).encode(), {HEADER: signature(SIGNED)}),
    "body_line_end": (SIGNED + b"\n", {HEADER: signature(SIGNED)}),
    "prefix": (SIGNED, {HEADER: "sha256=" + signature(SIGNED)}),
    "encoding": (SIGNED, {HEADER: base64.b64encode(mac(SIGNED)).decode()}),
    "header_name": (SIGNED, {"X-Signature": signature(SIGNED)}),
    "other_kind": (SIGNED, standard(SIGNED, int(time.time()))),
}


@pytest.fixture(name="refusing", scope="module")
def make_refusing(shared_program):
    make(shared_program, "billing", secrets=["the secret of billing"])
    return make(shared_program)


@pytest.mark.parametrize("cause", DIAGNOSED)
def test_each_common_mistake_is_named(program, refusing, cause):
    source, name = refusing
    body, headers = DIAGNOSED[cause]
    answer = knock(program, name, body, headers)
    assert answer.status == 401, answer
    (found,) = rejected(program, source, 1, f"?cause={cause}")
    assert found["rejected_id"] == answer.headers["x-request-id"]
    assert found["outcome"] == ("missing_signature" if "X-Webhook-Signature" not in headers
                                else "invalid_signature")
    assert found["diagnosis"].endswith(".") and SECRET not in found["diagnosis"]
    if cause == "secret_of_other_source":
        assert '"billing"' in found["diagnosis"]
    shown = program.get(f"/v1/sources/{source}/rejected/{found['rejected_id']}")
    assert shown["body"] == body.decode() and shown["is_whole"]
    assert set(headers.items()) <= {tuple(pair) for pair in shown["headers"]}


def test_clocks_and_units_are_named_with_the_seconds(program):
    source, name = make(program, kind="standard-webhooks")
    assert knock(program, name, SIGNED, standard(SIGNED, int(time.time()) - 1000)).status == 400
    (late,) = rejected(program, source)
    assert late["cause"] == "clock_skew"
    seconds = int(late["diagnosis"].split(" s before")[0].split()[-1])
    assert 1000 <= seconds < 1060, late
    assert knock(program, name, SIGNED, standard(SIGNED, int(time.time() * 1000))).status == 401
    assert rejected(program, source, 2)[0]["cause"] == "timestamp_unit"


def test_what_is_no_json_is_named(program):
    source, name = make(program)
    for body, headers, cause in (
            (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, "form_body"),
            (b"\xff{}", {}, "not_utf8"), (b'{"a":1', {}, "not_json"), (b"7", {}, "not_an_object")):
        answer = knock(program, name, body, {HEADER: signature(body), **headers})
        assert answer.status == 400, answer
        (found,) = rejected(program, source, 1, f"?cause={cause}")
        assert found["outcome"] == "invalid_json"
    shown = [program.get(f"/v1/sources/{source}/rejected/{one['rejected_id']}")
             for one in rejected(program, source, 4)]
    assert [base64.b64decode(one["body_base64"]) for one in shown if one["body"] is None] == [
        b"\xff{}"]


def test_a_request_is_admitted_when_the_secret_is_mended(program, receiver):
    source, name = make(program)
    program.post("/v1/destinations", {"name": name, "kind": "http", "sources": [name],
                                      "events": ["*"], "url": f"{receiver.url}/{name}"}, 201)
    bodies = [compact(payload(n=n)) for n in range(3)]
    answers = [knock(program, name, body, signed(body, "new")) for body in bodies]
    assert [answer.status for answer in answers] == [401] * 3
    rejected(program, source, 3)
    ids = [answer.headers["x-request-id"] for answer in answers]
    still = program.call("POST", f"/v1/sources/{source}/rejected/{ids[0]}/admit", {})
    assert (still.status, still.json()["code"]) == (422, "still_refused"), still
    program.call("PATCH", f"/v1/sources/{source}",
                 {"verifier": {"kind": "hmac", "secrets": ["new"]}}).expect(200)
    admitted = program.post(f"/v1/sources/{source}/rejected/{ids[0]}/admit", {})
    assert admitted["duplicate"] is False
    assert program.get(f"/v1/events/{admitted['event_id']}")["payload"] == bodies[0].decode()
    again = program.call("POST", f"/v1/sources/{source}/rejected/{ids[0]}/admit", {})
    assert again.status == 404, again
    # The second comes once more before it is admitted.
    assert knock(program, name, bodies[1], signed(bodies[1], "new")).status == 200
    rest = program.post(f"/v1/sources/{source}/rejected/admit",
                        {"filter": {"outcome": "invalid_signature"}})
    assert rest == {"admitted": 1, "duplicates": 1, "refused": 0, "next_cursor": None}
    assert program.pages(f"/v1/sources/{source}/rejected") == []
    delivered = receiver.wait_for(3, path=f"/{name}")
    assert sorted(one["body"] for one in delivered) == sorted(body.decode() for body in bodies)


def test_rejected_requests_are_their_tenants_own(program):
    source, name = make(program)
    knock(program, name, SIGNED, {})
    (one,) = rejected(program, source)
    tenant = program.post("/v1/tenants", {"name": "Other"}, 201)["tenant_id"]
    key = program.post("/v1/keys", {"tenant_id": tenant, "scope": "write"}, 201)["key"]
    for method, rest in (("GET", ""), ("GET", f"/{one['rejected_id']}"),
                         ("POST", f"/{one['rejected_id']}/admit"), ("POST", "/admit")):
        path = f"/v1/sources/{source}/rejected{rest}"
        answer = program.call(method, path, {} if method == "POST" else None, key=key)
        assert answer.status == 404, answer
    other, _ = make(program)
    assert program.call("GET", f"/v1/sources/{other}/rejected/{one['rejected_id']}").status == 404


def test_filters_and_pages_are_checked(program):
    source, name = make(program)
    for _ in range(5):
        knock(program, name, SIGNED, {})
    assert len(rejected(program, source, 5)) == 5
    page = program.get(f"/v1/sources/{source}/rejected?limit=2&outcome=missing_signature")
    assert len(page["data"]) == 2 and page["next_cursor"]
    for query in ("?outcome=accepted", "?limit=0", "?other=1"):
        assert program.call("GET", f"/v1/sources/{source}/rejected{query}").status == 400


# Each makes a forged request of a genuine one: body and headers.
FORGERIES = [
    lambda body, r: (body, {}),
    lambda body, r: (body, {HEADER: ""}),
    lambda body, r: (body, {HEADER: "0" * 64}),
    lambda body, r: (body, {HEADER: r.randbytes(32).hex()}),
    lambda body, r: (body, {HEADER: r.randbytes(r.randrange(1, 64)).hex()}),
    lambda body, r: (body, {HEADER: signature(body, "guess%d" % r.randrange(9999))}),
    lambda body, r: (body, {HEADER: signature(body, "")}),
    lambda body, r: (body.replace(b"bulk.completed", b"bulk.failed"), {HEADER: signature(body)}),
    lambda body, r: (body + b" ", {HEADER: signature(body)}),
    lambda body, r: (body[:-1] + b',"x":1}', {HEADER: signature(body)}),
    lambda body, r: (json.dumps(json.loads(body), indent=2).encode(), {HEADER: signature(body)}),
    lambda body, r: (body, {HEADER: "sha256=" + signature(body)}),
    lambda body, r: (body, {HEADER: base64.b64encode(mac(body)).decode()}),
    lambda body, r: (body, {HEADER: signature(body)[:-2]}),
    lambda body, r: (body, {HEADER: signature(body) + "00"}),
    lambda body, r: (body, {HEADER: ",".join([signature(body)] * 2)}),
    lambda body, r: (body, {"X-Signature": signature(body)}),
    lambda body, r: (body, {"Authorization": f"Bearer {SECRET}"}),
    lambda body, r: (body, {HEADER: hashlib.sha256(SECRET.encode() + body).hexdigest()}),
    lambda body, r: (body, {HEADER: hashlib.sha256(body).hexdigest(), "X-Algorithm": "none"}),
]


def test_of_forged_requests_none_is_accepted_and_few_are_kept(tmp_path):
    assert len(FORGERIES) == 20
    program = Program(tmp_path / "program", settings={"receive": {
        "rejected_per_minute_max": 1_000, "rejected_kept_max": 50}}).start()
    try:
        source, name = make(program)
        chance = random.Random(4711)
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
        for number in range(FORGED):
            body, headers = FORGERIES[number % 20](compact(payload()), chance)
            connection.request("POST", f"/webhooks/{name}", body,
                               {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            assert answer.status == 401, (number, headers, answer.status, answer.read())
            answer.read()
        connection.close()
        good = compact(payload())
        assert knock(program, name, good).status == 200
        assert len(program.pages("/v1/events")) == 1

        def counted():
            metrics = program.call("GET", "/metrics", key=None).body.decode()
            fates = dict(line.split('fate="')[1].split('"} ') for line in metrics.splitlines()
                         if line.startswith("verihook_rejected_requests_total{"))
            return fates if sum(map(float, fates.values())) == FORGED else None
        fates = wait_until(counted, 60, "all forged requests are counted")
        assert float(fates["store_failed"]) == 0
        assert len(program.pages(f"/v1/sources/{source}/rejected")) <= 50
    finally:
        program.close()


def test_credentials_are_not_kept_in_the_clear(own_program):
    source, name = make(own_program, secrets=["user:right"], kind="basic")
    wrong = base64.b64encode(b"user:wrong-and-secret").decode()
    # SIGNED is as old as the whole run; what is to be admitted must be fresh.
    fresh = compact(payload())
    assert knock(own_program, name, fresh, {"Authorization": f"Basic {wrong}"}).status == 401
    (one,) = rejected(own_program, source)
    shown = own_program.call("GET", f"/v1/sources/{source}/rejected/{one['rejected_id']}").body
    files = b"".join(file.read_bytes() for file in own_program.folder.glob("verihook.db*"))
    assert wrong.encode() not in shown + files
    own_program.call("PATCH", f"/v1/sources/{source}", {"verifier": {
        "kind": "basic", "secrets": ["user:wrong-and-secret"]}}).expect(200)
    own_program.post(f"/v1/sources/{source}/rejected/{one['rejected_id']}/admit", {})


def test_a_rejected_request_is_there_after_a_crash(own_program):
    source, name = make(own_program)
    knock(own_program, name, SIGNED, {})
    before = rejected(own_program, source)
    own_program.restart()
    assert own_program.pages(f"/v1/sources/{source}/rejected") == before


def test_check_signature_says_the_same_by_hand(tmp_path):
    body = tmp_path / "body.json"
    body.write_bytes(SIGNED)
    done = run_command("check-signature", body, "--secret", SECRET, "--header",
                       f"X-Signature: sha256={signature(SIGNED)}")
    assert done.returncode == 1
    assert "it is read from X-Signature instead of X-Webhook-Signature" in done.stdout, done


def test_an_empty_answer_needs_no_more_than_a_key(program):
    source, _ = make(program)
    page = program.call("GET", f"/v1/sources/{source}/rejected", key=KEY).expect(200)
    assert page == {"data": [], "next_cursor": None}
