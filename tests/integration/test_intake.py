"""POST /v1/bulk/verify with lists in every format: what comes back, and what is refused."""
import gzip
import json
from pathlib import Path

import pytest

GOOD, BAD = "accepted_email@sandbox.test", "rejected_email@sandbox.test"

BODIES = [
    ("json_objects", "application/json",
     json.dumps({"emails": [{"email": GOOD, "id": 7, "name": "Ann"}, {"email": BAD, "n": [1]}]}),
     [("7", {"name": "Ann"}), (None, {"n": [1]})]),
    ("json_array", "application/json", json.dumps([GOOD, {"mail": BAD}]),
     [(None, None), (None, None)]),
    ("ndjson", "application/x-ndjson",
     f'"{GOOD}"\r\n{{"email":"{BAD}","id":"x"}}\n', [(None, None), ("x", None)]),
    ("csv", "text/csv; charset=utf-8",
     f'\ufeffname;E-Mail;id;note\r\n"Doe; Ann";{GOOD};7;"two\nlines ""quoted"""\r\nBob;{BAD};;\r\n',
     [("7", {"name": "Doe; Ann", "note": 'two\nlines "quoted"'}),
      (None, {"name": "Bob", "note": ""})]),
    ("tsv", "text/tab-separated-values", f"who\twhere\nAnn\t{GOOD}\nBob\t{BAD}\n",
     [(None, {"who": "Ann"}), (None, {"who": "Bob"})]),
    ("text", "text/plain", f"Ann <{GOOD}>\r{BAD}", [(None, None), (None, None)]),
]
SPECTRUM = Path(__file__).parent / "packages/node_modules/csv-spectrum"


def send(program, content_type, body, query="", **headers):
    raw = body if isinstance(body, bytes) else body.encode()
    return program.call("POST", f"/v1/bulk/verify{query}", raw=raw,
                        headers={"Content-Type": content_type, **headers})


def results(program, answer):
    job_id = answer.expect(202)["job_id"]
    program.wait_for_job(job_id, 60)
    return program.download(job_id)


@pytest.mark.parametrize("content_type, body, kept", [b[1:] for b in BODIES],
                         ids=[b[0] for b in BODIES])
def test_a_list_of_each_format_is_read_and_its_columns_come_back(program, content_type, body, kept):
    rows = results(program, send(program, content_type, body))
    assert [(row["email"], row["row"], row["status"]) for row in rows] == [
        (GOOD, 1, "valid"), (BAD, 2, "invalid")]
    assert [(row["id"], row["data"]) for row in rows] == kept


def test_a_secret_in_the_query_is_refused_and_in_a_form_is_taken(program):
    secret, url = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "http://127.0.0.1:9/hook"
    answer = send(program, "text/plain", GOOD, f"?webhook_url={url}&webhook_secret={secret}")
    error = answer.expect(400)["error"]
    assert "field of a form" in error and secret not in error
    fields = {"webhook_url": url, "webhook_secret": secret, "start": "false"}
    head = "--x\r\nContent-Disposition: form-data; name="
    form = "".join(f'{head}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    form += f'{head}"file"; filename="a.txt"\r\n\r\n{GOOD}\r\n--x--\r\n'
    made = send(program, "multipart/form-data; boundary=x", form).expect(202)
    assert made["webhook_id"].startswith("wh_")


@pytest.mark.parametrize("content_type, body, query", [
    ("application/json", json.dumps({"emails": [GOOD, BAD, GOOD.upper()],
                                     "options": {"duplicates": "mark"}}), ""),
    ("application/json", json.dumps([GOOD, BAD, GOOD.upper()]), "?duplicates=mark"),
    ("text/plain", "\n".join([GOOD, BAD, GOOD.upper()]), "?duplicates=mark"),
], ids=["behind", "array", "text"])
def test_duplicates_that_are_marked_stay_and_have_their_own_results(program, content_type, body,
                                                                    query):
    answer = send(program, content_type, body, query)
    rows = results(program, answer)
    assert (answer.json()["total"], answer.json()["duplicates"]) == (3, 1)
    assert [(row["row"], row["status"], row.get("duplicate")) for row in rows] == [
        (1, "valid", None), (2, "invalid", None), (3, "valid", True)]
    job = program.job(answer.json()["job_id"])
    assert (job["summary"]["total"], job["summary"]["duplicates"]) == (3, 1)
    lines = program.call("GET", f"/v1/bulk/download/{job['job_id']}?format=csv").body.decode()
    assert [line.rsplit(",", 1)[1] for line in lines.splitlines()] == [
        "duplicate", "", "", "true"]


def test_duplicates_of_a_json_object_are_left_out_when_nothing_else_is_said_behind_them(program):
    body = json.dumps({"emails": [GOOD, BAD, GOOD.upper()], "name": "n"})
    answer = send(program, "application/json", body).expect(202)
    assert (answer["total"], answer["duplicates"]) == (2, 1)
    assert send(program, "application/json", body[:-1] + ',"options":{"duplicates":1}}'
                ).expect(400)["error"].startswith("options.duplicates must be one of: remove, mark")


def test_parameters_in_the_query_are_those_of_the_body(program):
    answer = send(program, "text/csv", f"a,b\n{GOOD},{BAD}\n",
                  '?email_column=b&name=spring&start=false&greylist=skip&metadata={"n":1}'
                  .replace('"', "%22").replace("{", "%7B").replace("}", "%7D"))
    job = program.job(answer.expect(202)["job_id"])
    assert (job["status"], job["name"], job["metadata"]) == ("paused", "spring", {"n": 1})
    program.post(f"/v1/bulk/{job['job_id']}/start", {})
    program.wait_for_job(job["job_id"], 60)
    assert [row["email"] for row in program.download(job["job_id"])] == [BAD]


@pytest.mark.parametrize("content_type, body, query, names", [
    ("text/csv", f"{GOOD}\n", "?nmae=x", "nmae"),
    ("text/csv", f"{GOOD}\n", "?smtp=perhaps", "smtp"),
    ("text/csv", f"a,b\n{GOOD},{BAD}\n", "", "email_column"),
    ("text/csv", f"a,b\n{GOOD},{BAD}\n", "?email_column=c", "email_column"),
    ("text/csv", "email\n", "", "empty"),
    ("text/csv", f"email\n{GOOD}\n".encode("utf-16"), "", "UTF-16"),
    ("text/plain", f"{GOOD}\n".encode("utf-16-le"), "", "UTF-16"),
    ("text/csv", b"PK\x03\x04" + b"x" * 600, "", "Excel"),
    ("text/plain", b"\xe9t\xe9@x.test\n" * 200, "", "UTF-8"),
    ("application/x-ndjson", "no json\n", "", "not_json"),
])
def test_a_list_that_cannot_be_read_is_refused_with_a_reason(program, content_type, body, query,
                                                             names):
    answer = send(program, content_type, body, query)
    assert answer.status == 400, answer
    assert names in answer.json()["error"]
    assert all(job["total"] > 0 for job in program.pages("/v1/bulk"))


def test_lines_that_cannot_be_read_are_counted_and_cost_nothing_else(program):
    body = f"email,n\n{GOOD},1\n,2\n\"{BAD},3\n{BAD},4\n".encode() + b"caf\xe9@x.test,5\n"
    answer = send(program, "text/csv", body).expect(202)
    assert (answer["total"], answer["rejected_count"]) == (2, 3)
    program.wait_for_job(answer["job_id"], 60)
    rows = program.download(answer["job_id"])
    assert [(row["row"], row["email"], row["data"]["n"]) for row in rows] == [
        (1, GOOD, "1"), (4, BAD, "4")]


def test_the_same_body_with_other_parameters_is_another_request(program):
    key = {"Idempotency-Key": "intake-1"}
    first = send(program, "text/plain", GOOD, "?name=a", **key).expect(202)
    assert send(program, "text/plain", GOOD, "?name=a", **key).expect(202)["job_id"] == \
        first["job_id"]
    assert send(program, "text/plain", GOOD, "?name=b", **key).status == 409


def test_a_list_larger_than_other_json_may_be_is_taken(program):
    body = json.dumps({"emails": [f"valid{i}@sandbox.test" for i in range(60_000)],
                       "start": False})
    assert len(body) > 1024 * 1024
    assert send(program, "application/json", body).expect(202)["total"] == 60_000


def test_rejected_lines_are_listed_with_their_reason(program):
    body = f"email,n\n{GOOD},1\n,2\n\"{BAD},3\n{BAD},4\n".encode() + b"caf\xe9@x.test,5\n"
    answer = send(program, "text/csv", body).expect(202)
    path = f"/v1/bulk/{answer['job_id']}/rejected"
    listed = program.pages(path, limit=2)
    assert listed == program.get(path)["data"]
    assert [(e["number"], e["line"], e["reason"], e["excerpt"]) for e in listed] == [
        (2, 3, "no_address", ",2"), (3, 4, "broken_quoting", f'"{BAD},3'),
        (5, 6, "not_utf8", "caf?@x.test,5")]
    assert program.job(answer["job_id"])["rejected_count"] == 3
    assert program.call("GET", path + "?cursor=x").status == 400
    assert program.call("GET", "/v1/bulk/job_0000000000000000000000/rejected").status == 404


def boundary_of(name, content, fields=()):
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
             for key, value in fields]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="list"; filename="{name}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n")
    return "".join(parts).encode() + content + b"\r\n--b--\r\n"


def test_compressed_lists_and_forms_are_taken(program):
    text = f"name,email\nAnn,{GOOD}\nBob,{BAD}\n".encode()
    form = boundary_of("my list.csv.gz", gzip.compress(text), [("name", "from a form")])
    for answer in (send(program, "text/csv", gzip.compress(text), **{"Content-Encoding": "gzip"}),
                   send(program, "text/csv", gzip.compress(text[:9]) + gzip.compress(text[9:])),
                   send(program, "multipart/form-data; boundary=b", form)):
        assert [(row["email"], row["data"]) for row in results(program, answer)] == [
            (GOOD, {"name": "Ann"}), (BAD, {"name": "Bob"})]
    assert program.job(answer.json()["job_id"])["name"] == "from a form"


def test_a_compressed_list_that_is_damaged_cut_or_a_bomb_is_refused(program):
    whole = gzip.compress(f"{GOOD}\n".encode() * 1000)
    damaged = whole[:30] + bytes([whole[30] ^ 255]) + whole[31:]
    bomb = gzip.compress(b"a@x.test\n" * 10_000_000, 6)
    for body, status, says in ((whole[:-5], 400, "ends too early"), (damaged, 400, "gzip"),
                               (bomb, 413, "200 times")):
        answer = send(program, "text/plain", body)
        assert answer.status == status, answer
        assert says in answer.json()["error"]
    assert send(program, "text/plain", whole, **{"Content-Encoding": "br"}).status == 415


@pytest.mark.parametrize("name", [
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates",
    "newlines", "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8"])
def test_the_cases_of_csv_spectrum_are_read_right(program, name):
    expected = json.loads((SPECTRUM / f"json/{name}.json").read_text(encoding="utf-8"))
    body = (SPECTRUM / f"csvs/{name}.csv").read_bytes()
    rows = results(program, send(program, "text/csv", body, "?email_column=1&smtp=false"))
    # One file of the package is not what its CSV says: not a list, and with another number.
    records = expected if isinstance(expected, list) else [expected]
    names = list(records[0])
    assert [row["data"] for row in rows] == [
        {key: record[key] for key in names[1:]} for record in records]
    if isinstance(expected, list):
        assert [row["email"] for row in rows] == [record[names[0]] for record in records]
