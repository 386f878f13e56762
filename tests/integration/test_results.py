"""Results as they are given out: formats, filters and pages say the same about the same rows."""
import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest

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
