"""Results as they are given out: formats, filters and pages say the same about the same rows."""
import contextlib
import csv
import gzip
import http.client
import io
import json
import re
import socket
import subprocess
from pathlib import Path

import pytest

from program import KEY

ROOT = Path(__file__).resolve().parents[2]


def mapping():
    """The table of docs/results.md: {reason: (zerobounce, sub, kickbox, deliverable, error)}."""
    text = (ROOT / "docs/results.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text.split("ZeroBounce `status`")[1], re.M)
    return {reason: tuple("" if cell == "–" else cell for cell in cells.split(" | "))
            for reason, cells in rows}


MAPPING = mapping()
EMAILS = [f"{reason}@sandbox.test" for reason in MAPPING]


@pytest.fixture(name="job_id", scope="module")
def finished(shared_program):
    job_id = shared_program.submit(EMAILS, options={"greylist": "skip"})
    assert shared_program.wait_for_job(job_id, 60)["status"] == "completed"
    return job_id


def download(program, job_id, query=""):
    answer = program.call("GET", f"/v1/bulk/download/{job_id}?{query}")
    assert answer.status == 200, str(answer)
    return answer.body.decode()


def objects(program, job_id, query=""):
    return json.loads(download(program, job_id, query))


def cells(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_elsewhere(text):
    """The rows by column, as each of two packages of npm reads them."""
    done = subprocess.run(["node", ROOT / "tests/integration/csv_readers/read.mjs"],
                          input=text.encode(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_table_names_every_reason(shared_program, job_id):
    results = objects(shared_program, job_id)
    assert len(MAPPING) == 32
    assert [result["reason"] for result in results] == list(MAPPING)


def test_lines_and_array_hold_the_same_objects(shared_program, job_id):
    lines = download(shared_program, job_id, "format=ndjson").splitlines()
    assert [json.loads(line) for line in lines] == objects(shared_program, job_id)


def flat(result):
    """The result object as the cells of its CSV row."""
    for part in ("mx", "smtp"):
        inner = result.pop(part) or {}
        result |= {f"{part}_{name}": value for name, value in inner.items()}
    out = {}
    for name, value in result.items():
        if isinstance(value, list):
            value = " ".join(value)
        out[name] = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return out


def test_csv_has_the_members_of_the_objects_in_its_cells(shared_program, job_id):
    answer = shared_program.call("GET", f"/v1/bulk/download/{job_id}?format=csv&raw=true")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = cells(answer.body.decode())
    expected = [flat(result) for result in objects(shared_program, job_id)]
    assert len(rows) == len(expected)
    for row, result in zip(rows, expected):
        result.pop("data")
        assert {name: value for name, value in row.items() if value} == {
            name: value for name, value in result.items() if value}


def test_the_words_of_other_services_are_those_of_the_table(shared_program, job_id):
    zerobounce = objects(shared_program, job_id, "format=zerobounce")
    assert [(r["status"], r["sub_status"]) for r in zerobounce] == [
        row[:2] for row in MAPPING.values()]
    kickbox = objects(shared_program, job_id, "format=kickbox")
    assert [r["reason"] for r in kickbox] == [row[2] for row in MAPPING.values()]
    results = objects(shared_program, job_id)
    by_status = {"valid": "deliverable", "invalid": "undeliverable"}
    assert [r["result"] for r in kickbox] == [
        by_status.get(r["status"], r["status"]) for r in results]
    for answer, (reason, row) in zip(objects(shared_program, job_id, "format=reacher"),
                                     MAPPING.items()):
        part = answer["mx"] if reason == "dns_error" else answer["smtp"]
        error = ", ".join(filter(None, [part.get("error", {}).get("type"),
                                        part.get("description")]))
        assert error == row[4], reason
        if not row[4]:
            assert part["is_deliverable"] == (row[3] == "true"), reason
    assert len(cells(download(shared_program, job_id, "format=kickbox.csv"))) == len(MAPPING)


def test_filters_leave_out_the_same_rows_everywhere(shared_program, job_id):
    results = objects(shared_program, job_id)
    for query, wanted in [
            ("status=valid,risky", lambda r: r["status"] in ("valid", "risky")),
            ("reason=no_mx,timeout", lambda r: r["reason"] in ("no_mx", "timeout")),
            ("domain=SANDBOX.test&status=unknown", lambda r: r["status"] == "unknown"),
            ("domain=other.test", lambda r: False),
            ("text=MAILBOX", lambda r: "mailbox" in r["email"])]:
        expected = [result for result in results if wanted(result)]
        assert objects(shared_program, job_id, query) == expected, query
        page = shared_program.get(f"/v1/bulk/{job_id}/results?limit=1000&{query}")
        assert page == {"data": expected, "next_cursor": None}, query
    assert objects(shared_program, job_id, "after_row=30") == results[30:]


def test_pages_together_are_the_whole(shared_program, job_id):
    seen, cursor = [], ""
    while cursor is not None:
        page = shared_program.get(f"/v1/bulk/{job_id}/results?limit=5&cursor={cursor}")
        assert len(page["data"]) <= 5
        seen += page["data"]
        cursor = page["next_cursor"]
    assert seen == objects(shared_program, job_id)


@pytest.mark.parametrize("path, word", [
    ("download/{}?format=xml", "format"), ("download/{}?status=good", "status"),
    ("download/{}?reason=valid", "reason"), ("download/{}?raw=true", "csv"),
    ("download/{}?after_row=-1", "after_row"),
    ("download/{}?stauts=valid", "stauts"), ("{}/results?cursor=1", "cursor"),
    ("{}/results?limit=0", "limit"), ("{}/results?format=csv", "format")])
def test_what_cannot_be_asked_for_is_named(shared_program, job_id, path, word):
    answer = shared_program.call("GET", "/v1/bulk/" + path.format(job_id))
    assert answer.status == 400 and word in answer.json()["error"], str(answer)


def test_other_readers_of_csv_see_the_same_cells(program):
    emails = ['a,"b"@sandbox.test', '"', "line\r\nend@sandbox.test", "=1+1@sandbox.test", ",,",
              "\u00e9\U0001f600@sandbox.test", " room @sandbox.test", "'@sandbox.test", "a\nb"]
    job_id = program.submit(emails)
    program.wait_for_job(job_id, 30)
    text = download(program, job_id, "format=csv&raw=true")
    for name, rows in read_elsewhere(text).items():
        assert [row["email"] for row in rows] == emails, name
        assert rows == cells(text), name


def fetch(program, job_id, query="", method="GET", **headers):
    """Status, headers and body of a download, with more headers."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", program.port,
                                                       timeout=60)) as link:
        link.request(method, f"/v1/bulk/download/{job_id}?{query}",
                     headers={"Authorization": "Bearer " + KEY} | fields)
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize("query", ["", "format=csv", "status=unknown&format=ndjson"])
def test_a_download_can_be_gone_on_with_where_it_broke_off(shared_program, job_id, query):
    status, headers, whole = fetch(shared_program, job_id, query)
    etag = headers["ETag"]
    assert (status, headers["Accept-Ranges"]) == (200, "bytes") and etag.startswith('"')
    for first, last in [(0, 0), (1, 700), (len(whole) // 2, len(whole) - 1), (len(whole) - 1, "")]:
        status, headers, part = fetch(shared_program, job_id, query, If_Range=etag,
                                      Range=f"bytes={first}-{last}")
        end = len(whole) - 1 if last == "" else last
        assert status == 206 and part == whole[first:end + 1]
        assert headers["Content-Range"] == f"bytes {first}-{end}/{len(whole)}"
        assert headers["Content-Length"] == str(len(part))
    status, _, part = fetch(shared_program, job_id, query, Range="bytes=5-", If_Range='"other"')
    assert (status, part) == (200, whole)
    status, headers, _ = fetch(shared_program, job_id, query, Range=f"bytes={len(whole)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    status, _, part = fetch(shared_program, job_id, query, If_None_Match=etag)
    assert (status, part) == (304, b"")
    status, headers, part = fetch(shared_program, job_id, query, method="HEAD")
    assert (status, headers["Content-Length"], part) == (200, str(len(whole)), b"")


def test_who_takes_gzip_gets_gzip(shared_program, job_id):
    _, plain_headers, whole = fetch(shared_program, job_id)
    status, headers, packed = fetch(shared_program, job_id, Accept_Encoding="br, gzip;q=0.5")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (
        200, "gzip", "Accept-Encoding")
    assert gzip.decompress(packed) == whole and len(packed) < len(whole) / 4
    assert headers["ETag"] != plain_headers["ETag"]
    status, headers, _ = fetch(shared_program, job_id, Accept_Encoding="gzip",
                               If_None_Match=headers["ETag"])
    assert status == 304
    status, headers, part = fetch(shared_program, job_id, Accept_Encoding="gzip",
                                  Range="bytes=0-9")
    assert (status, headers["Content-Encoding"], part) == (206, None, whole[:10])


def test_what_may_change_has_no_tag_and_no_ranges(program):
    job_id = program.submit(EMAILS, start=False)
    status, headers, part = fetch(program, job_id, "partial=true", Range="bytes=1-1")
    assert (status, headers["ETag"], headers["Accept-Ranges"], part) == (200, None, None, b"[]")


def test_clients_that_go_away_or_do_not_read_hold_nothing_up(program):
    job_id = program.submit([f"accepted_email+{i}@sandbox.test" for i in range(40_000)])
    assert program.wait_for_job(job_id, 120)["status"] == "completed"
    request = (f"GET /v1/bulk/download/{job_id} HTTP/1.1\r\nHost: x\r\n"
               f"Authorization: Bearer {KEY}\r\n\r\n").encode()
    sleepers = []
    for i in range(20):
        link = socket.create_connection(("127.0.0.1", program.port))
        link.sendall(request)
        assert link.recv(1000 * i + 1)
        if i % 2 == 0:
            link.close()
        else:
            sleepers.append(link)
    assert len(objects(program, job_id)) == 40_000
    for link in sleepers:
        link.close()
    assert len(objects(program, job_id, "reason=accepted_email&after_row=39000")) == 1_000


def test_what_was_not_looked_at_is_there_when_it_is_asked_for(program):
    job_id = program.submit(EMAILS, start=False)
    assert objects(program, job_id, "partial=true") == []
    refused = program.call("GET", f"/v1/bulk/download/{job_id}")
    assert refused.status == 409 and "partial=true" in refused.json()["error"]
    early = program.call("GET", f"/v1/bulk/download/{job_id}?partial=true&unprocessed=true")
    assert early.status == 409, str(early)
    program.call("POST", f"/v1/bulk/{job_id}/cancel", {}).expect(200)
    results = objects(program, job_id, "partial=true&unprocessed=true")
    assert [r["email"] for r in results] == EMAILS
    assert {r["reason"] for r in results} == {"not_attempted"}
    assert [r["row"] for r in results] == list(range(1, len(EMAILS) + 1))
