"""What is wrong is refused: a status, a code, a sentence, and the id that finds it in the log."""
import json
import uuid

import pytest
from processes import wait_until

JOB = {"emails": ["accepted_email@sandbox.test"]}
HOOK = {"url": "https://example.com/hook", "events": ["bulk.*"]}
SOURCE = {"name": "s", "verifier": {"kind": "hmac", "secrets": ["12345678"]}}
DEEP = json.loads("[" * 40 + "]" * 40)
UNKNOWN_JOB = "job_0000000000000000000000"

# (name, method, path, body as JSON or as bytes, status, words of the sentence)
BAD = [
    ("not_json", "POST", "/v1/bulk/verify", b"{", 400, ""),
    ("array_for_object", "POST", "/v1/webhooks", [], 400, "object"),
    ("text_after_json", "POST", "/v1/webhooks", b"{} x", 400, ""),
    ("duplicate_key", "POST", "/v1/webhooks", b'{"url":"https://a.test/","url":"b"}', 400, ""),
    ("invalid_utf8", "POST", "/v1/webhooks", b'{"url":"\xff"}', 400, ""),
    ("emails_missing", "POST", "/v1/bulk/verify", {}, 400, "emails"),
    ("emails_empty", "POST", "/v1/bulk/verify", {"emails": []}, 400, "empty"),
    ("emails_wrong_type", "POST", "/v1/bulk/verify", {"emails": "a@b.test"}, 400, "emails"),
    ("emails_all_wrong", "POST", "/v1/bulk/verify", {"emails": [7, {}]}, 400, "no_entry"),
    ("job_unknown_field", "POST", "/v1/bulk/verify", {**JOB, "nmae": "x"}, 400, "nmae"),
    ("option_unknown", "POST", "/v1/bulk/verify", {**JOB, "options": {"smpt": True}}, 400, "smpt"),
    ("option_wrong_type", "POST", "/v1/bulk/verify", {**JOB, "options": {"smtp": 1}}, 400, "smtp"),
    ("option_wrong_value", "POST", "/v1/bulk/verify",
     {**JOB, "options": {"role_as": "spam"}}, 400, "role_as"),
    ("metadata_too_deep", "POST", "/v1/bulk/verify", {**JOB, "metadata": {"a": DEEP}}, 400, ""),
    ("metadata_too_large", "POST", "/v1/bulk/verify", {**JOB, "metadata": {"a": "x" * 17_000}},
     400, "metadata"),
    ("metadata_big_integer", "POST", "/v1/bulk/verify", {**JOB, "metadata": {"a": 2**53 + 1}},
     400, ""),
    ("metadata_lone_surrogate", "POST", "/v1/bulk/verify",
     b'{"emails":["a@b.test"],"metadata":{"a":"\\ud800"}}', 400, ""),
    ("metadata_duplicate_keys", "POST", "/v1/bulk/verify",
     b'{"emails":["a@b.test"],"metadata":{"a":1,"a":2}}', 400, ""),
    ("email_missing", "POST", "/v1/verify", {}, 400, "email"),
    ("email_number", "POST", "/v1/verify", {"email": 5}, 400, "email"),
    ("verify_syntax", "POST", "/v1/verify", {"email": "a@b.test", "syntax": "lax"}, 400, "syntax"),
    ("verify_unknown_field", "POST", "/v1/verify", {"email": "a@b.test", "e": 1}, 400, "e"),
    ("timeout_too_long", "POST", "/v1/verify", {"email": "a@b.test", "timeout_ms": 10**9}, 400,
     "timeout_ms"),
    ("url_missing", "POST", "/v1/webhooks", {"events": ["*"]}, 400, "url"),
    ("url_bad", "POST", "/v1/webhooks", {**HOOK, "url": "not a url"}, 400, ""),
    ("url_scheme", "POST", "/v1/webhooks", {**HOOK, "url": "ftp://example.com/"}, 400, ""),
    ("url_with_password", "POST", "/v1/webhooks", {**HOOK, "url": "https://a:b@example.com/"},
     400, ""),
    ("events_missing", "POST", "/v1/webhooks", {"url": "https://example.com/"}, 400, "events"),
    ("events_empty", "POST", "/v1/webhooks", {**HOOK, "events": []}, 400, "events"),
    ("events_bad", "POST", "/v1/webhooks", {**HOOK, "events": ["bulk exploded"]}, 400, ""),
    ("events_unknown", "POST", "/v1/webhooks", {**HOOK, "events": ["*", "bulk.complete"]}, 400,
     "verification.completed"),
    ("events_unknown_group", "POST", "/v1/webhooks", {**HOOK, "events": ["bulks.*"]}, 400,
     "bulk.completed, bulk.progress"),
    ("schedule_bad", "POST", "/v1/webhooks", {**HOOK, "retry_schedule": [-1]}, 400,
     "retry_schedule"),
    ("signatures_none", "POST", "/v1/webhooks", {**HOOK, "signatures": []}, 400, "signatures"),
    ("signatures_unknown", "POST", "/v1/webhooks", {**HOOK, "signatures": ["v1", "v2"]}, 400,
     "signatures"),
    ("signatures_without_the_secrets", "POST", "/v1/webhooks",
     {**HOOK, "secret": "shared", "signatures": ["v1a"]}, 400, "signatures"),
    ("secret_is_a_public_key", "POST", "/v1/webhooks",
     {**HOOK, "secret": "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}, 400, "whsk_"),
    ("secret_is_a_damaged_key", "POST", "/v1/webhooks", {**HOOK, "secret": "whsk_11qY"}, 400,
     "private key"),
    ("header_reserved", "POST", "/v1/webhooks", {**HOOK, "headers": {"Host": "a"}}, 400, "Host"),
    ("header_injection", "POST", "/v1/webhooks", {**HOOK, "headers": {"X-A": "b\r\nX-C: d"}}, 400,
     "X-A"),
    ("source_name", "POST", "/v1/sources", {**SOURCE, "name": "a/b"}, 400, "name"),
    ("verifier_missing", "POST", "/v1/sources", {"name": "x"}, 400, "verifier"),
    ("verifier_kind", "POST", "/v1/sources", {**SOURCE, "verifier": {"kind": "rot13"}}, 400,
     "kind"),
    ("verifier_no_secret", "POST", "/v1/sources", {**SOURCE, "verifier": {"kind": "hmac"}}, 400,
     "secrets"),
    ("source_mode", "POST", "/v1/sources", {**SOURCE, "mode": "maybe"}, 400, "mode"),
    ("source_range", "POST", "/v1/sources", {**SOURCE, "ip_allowlist": ["300.0.0.0/8"]}, 400,
     "ip_allowlist"),
    ("destination_kind", "POST", "/v1/destinations", {"name": "d", "kind": "pigeon",
                                                     "sources": ["s"]}, 400, "kind"),
    ("limit_zero", "GET", "/v1/bulk?limit=0", None, 400, "limit"),
    ("limit_word", "GET", "/v1/bulk?limit=ten", None, 400, "limit"),
    ("query_unknown", "GET", "/v1/bulk?limt=5", None, 400, "limt"),
    ("status_unknown", "GET", "/v1/deliveries?status=odd", None, 400, "status"),
    ("job_unknown", "GET", f"/v1/bulk/{UNKNOWN_JOB}", None, 404, "job"),
    ("job_malformed", "GET", "/v1/bulk/x", None, 404, "job"),
    ("download_unknown", "GET", f"/v1/bulk/download/{UNKNOWN_JOB}", None, 404, "job"),
    ("webhook_unknown", "PATCH", "/v1/webhooks/wh_0000000000000000000000", {}, 404, "webhook"),
    ("source_unknown", "DELETE", "/v1/sources/src_0000000000000000000000", None, 404, "source"),
    ("delivery_unknown", "POST", "/v1/deliveries/dlv_x/retry", {}, 404, "delivery"),
    ("route_unknown", "GET", "/v1/nothing", None, 404, ""),
    ("route_unknown_outside", "GET", "/nothing/here", None, 404, ""),
    ("method_wrong", "PUT", "/v1/bulk/verify", {}, 405, ""),
    ("method_wrong_health", "DELETE", "/healthz", None, 405, ""),
]


def assert_refused(answer, status, words=""):
    body = answer.expect(status)
    assert isinstance(body["error"], str) and words.lower() in body["error"].lower(), answer
    assert body["code"] and body["code"].replace("_", "").isalnum(), answer
    assert body["request_id"].startswith("req_"), answer
    assert answer.headers["x-request-id"] == body["request_id"], answer
    assert answer.headers["content-type"].startswith("application/json"), answer
    return body


@pytest.mark.parametrize("method, path, body, status, words", [row[1:] for row in BAD],
                         ids=[row[0] for row in BAD])
def test_bad_requests_are_refused(program, method, path, body, status, words):
    raw = body if isinstance(body, bytes) else None
    answer = program.call(method, path, None if raw is not None else body, raw=raw,
                          headers={"Content-Type": "application/json"})
    assert_refused(answer, status, words)


def test_a_destination_may_want_types_that_only_its_source_knows(program):
    made = program.post("/v1/destinations", {
        "name": "foreign", "kind": "http", "url": "https://example.com/", "sources": ["s"],
        "events": ["invoice.paid", "charge.*"]}, 201)
    assert made["events"] == ["invoice.paid", "charge.*"]
    program.call("DELETE", f"/v1/destinations/{made['destination_id']}").expect(204)


def test_a_wrong_method_is_told_which_ones_are_right(program):
    answer = program.call("PUT", "/v1/bulk/verify", {})
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer ", "Bearer vh_live_" + "x" * 40, "Basic dXNlcjpwYXNz", "vh_live_x"])
def test_without_a_valid_key_there_is_no_answer(program, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = program.call("GET", "/v1/bulk", key=None, headers=headers)
    assert_refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def make_key(program, **members):
    return program.post("/v1/keys", members, 201)


def test_a_scope_allows_what_it_says(program):
    read, write = make_key(program, scope="read")["key"], make_key(program, scope="write")["key"]
    program.call("GET", "/v1/bulk", key=read).expect(200)
    assert_refused(program.call("POST", "/v1/bulk/verify", JOB, key=read), 403, "write")
    program.call("POST", "/v1/bulk/verify", JOB, key=write).expect(202)
    assert_refused(program.call("GET", "/v1/keys", key=write), 403, "admin")


def test_a_revoked_or_expired_key_stops_working(program):
    made = make_key(program, scope="read")
    program.call("GET", "/v1/bulk", key=made["key"]).expect(200)
    program.call("DELETE", f"/v1/keys/{made['key_id']}").expect(204)
    wait_until(lambda: program.call("GET", "/v1/bulk", key=made["key"]).status == 401, 10,
               "the revoked key is refused")
    expired = make_key(program, scope="read", expires_at="2020-01-01T00:00:00Z")
    assert_refused(program.call("GET", "/v1/bulk", key=expired["key"]), 401)


def test_another_tenants_ids_answer_like_ids_that_do_not_exist(program):
    tenant = program.post("/v1/tenants", {"name": "other"}, 201)["tenant_id"]
    stranger = make_key(program, scope="admin", tenant_id=tenant)["key"]
    job = program.submit(JOB["emails"])
    hook = program.post("/v1/webhooks", HOOK, 201)["webhook_id"]
    source = program.post("/v1/sources", {**SOURCE, "name": "mine"}, 201)["source_id"]
    for known, unknown in [(f"/v1/bulk/{job}", f"/v1/bulk/{UNKNOWN_JOB}"),
                           (f"/v1/bulk/download/{job}", f"/v1/bulk/download/{UNKNOWN_JOB}"),
                           (f"/v1/webhooks/{hook}", "/v1/webhooks/wh_0000000000000000000000"),
                           (f"/v1/sources/{source}", "/v1/sources/src_0000000000000000000000")]:
        theirs = assert_refused(program.call("GET", known, key=stranger), 404)
        nobodys = assert_refused(program.call("GET", unknown, key=stranger), 404)
        assert {**theirs, "request_id": 0} == {**nobodys, "request_id": 0}
    assert program.call("GET", "/v1/bulk", key=stranger).json()["data"] == []


def test_bodies_that_are_too_large_are_refused_and_the_program_goes_on(program):
    big = b'{"url":"' + b"x" * (1024 * 1024 + 10) + b'"}'
    answer = program.call("POST", "/v1/webhooks", raw=big,
                          headers={"Content-Type": "application/json"})
    assert_refused(answer, 413)
    program.get("/healthz", key=None)


def test_a_header_that_is_too_large_is_refused(program):
    answer = program.call("GET", "/v1/bulk", headers={"X-Long": "x" * 20_000})
    assert answer.status == 431, answer
    program.get("/healthz", key=None)


@pytest.mark.parametrize("content_type", ["text/html", "image/png", "text/csv;charset=utf-16", ""])
def test_a_wrong_content_type_is_refused(program, content_type):
    answer = program.call("POST", "/v1/bulk/verify", raw=json.dumps(JOB).encode(),
                          headers={"Content-Type": content_type})
    assert_refused(answer, 415)


@pytest.mark.parametrize("path, body, other, status, name", [
    ("/v1/bulk/verify", JOB, {"emails": ["role@sandbox.test"]}, 202, "job_id"),
    ("/v1/webhooks", HOOK, {**HOOK, "events": ["*"]}, 201, "webhook_id"),
    ("/v1/sources", {**SOURCE, "name": "idem"}, {**SOURCE, "name": "idem2"}, 201, "source_id"),
])
def test_an_idempotency_key_is_good_for_one_body(program, path, body, other, status, name):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = program.call("POST", path, body, headers=key).expect(status)
    again = program.call("POST", path, body, headers=key).expect(status)
    assert again[name] == first[name]
    assert_refused(program.call("POST", path, other, headers=key), 409)


def test_every_answer_has_a_request_id_of_its_own(program):
    ids = {program.call("GET", path).headers["x-request-id"]
           for path in ("/healthz", "/v1/bulk", "/v1/nothing", "/openapi.json") for _ in range(3)}
    assert len(ids) == 12
