"""Lists that are meant to hurt: a clear answer, no half job, and memory that does not grow.

VERIHOOK_TORTURE_MIB says how long a line gets (200), VERIHOOK_TORTURE_POSITIONS at how many places
a client goes (40).
"""
import gzip
import http.client
import json
import os
import re
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from processes import wait_until
from program import KEY, Answer, Program

GOOD = "accepted_email@sandbox.test"
MIB = 1024 * 1024
# The sanitizer keeps freed memory for a while; with this, little of it.
SANITIZER = {"ASAN_OPTIONS": "quarantine_size_mb=8:malloc_context_size=2"}
GROWTH_MIB_MAX = 120
SIZE_MIB = int(os.environ.get("VERIHOOK_TORTURE_MIB", "200"))
POSITIONS = int(os.environ.get("VERIHOOK_TORTURE_POSITIONS", "40"))


@pytest.fixture(scope="module", name="program")
def own_program(folder):
    program = Program(folder / "torture")
    program.environment.update(SANITIZER)
    try:
        yield program.start()
    finally:
        program.close()


def upload(program, pieces, size, content_type="text/csv", **headers):
    """The answer to a body that is sent piece by piece, also when it comes before the end."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=300)
    with closing(connection):
        connection.putrequest("POST", "/v1/bulk/verify")
        for name, value in {"Authorization": f"Bearer {KEY}", "Content-Type": content_type,
                            "Content-Length": str(size), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        try:
            for piece in pieces:
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = connection.getresponse()
        return Answer("POST /v1/bulk/verify", response.status, {}, response.read())


def peak_mib(program):
    status = Path(f"/proc/{program.process.child.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def stored(program):
    """Rows that belong to lists, by table."""
    with closing(sqlite3.connect(f"file:{program.folder}/verihook.db?mode=ro", uri=True)) as db:
        return {table: db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
                for table in ("jobs", "chunks", "chunk_inputs", "rejected_entries",
                              "removed_jobs")}


def nothing_is_left(program, before):
    return wait_until(lambda: stored(program) == before, 60,
                      lambda: f"{before} in the store; it has {stored(program)}")


def check_growth(program, before):
    growth = peak_mib(program) - before
    print(f"the most memory grew by {growth:.0f} MiB from {before:.0f}")
    assert growth < GROWTH_MIB_MAX


@pytest.mark.parametrize("content_type, head, piece, tail, rejected", [
    ("text/csv", b"email,n\n", b"x", f"\n{GOOD},1\n".encode(), 1),
    ("text/csv", b"email,n\n\"", b"x", f"\"\n{GOOD},1\n".encode(), None),
    ("text/csv", b"email,n\n", b"c,", f"\n{GOOD},1\n".encode(), 1),    # millions of columns
    ("text/plain", b"", b"x", f"\n{GOOD}\n".encode(), 1),
    ("application/x-ndjson", b"\"", b"x", f"\"\n\"{GOOD}\"\n".encode(), 1),
    ("application/json", b"[\"", b"x", f"\",\"{GOOD}\"]".encode(), 1),
    ("application/json", b"[{\"n\":\"", b"x", f"\"}},\"{GOOD}\"]".encode(), 1),
], ids=["csv", "csv_quoted", "csv_columns", "text", "ndjson", "json", "json_object"])
# pylint: disable=too-many-arguments
def test_one_line_of_hundreds_of_megabytes_costs_that_line(program, content_type, head, piece,
                                                           tail, rejected):
    before = peak_mib(program)
    answer = upload(program, [head] + [piece * (MIB // len(piece))] * SIZE_MIB + [tail],
                    len(head) + SIZE_MIB * MIB + len(tail), content_type).expect(202)
    assert answer["total"] == 1
    assert rejected is None or answer["rejected_count"] == rejected
    check_growth(program, before)


@pytest.mark.parametrize("content_type, piece, count", [
    ("text/csv", b"a" * MIB, SIZE_MIB),                     # no line end at all
    ("text/csv", b"," * MIB, 20),                           # millions of columns
    ("text/csv", b"c," * (MIB // 2), 20),
    ("text/plain", b"\0" * MIB, 20),
    ("text/csv", "\ufeffemail,n\n".encode("utf-16") * 40_000, 20),
    ("application/json", b"[" * MIB, 20),
    ("application/json", b"{\"a\":" * (MIB // 5), 20),
    ("application/json", b"{\"name\":\"" + b"x" * MIB, 20),
    ("text/csv", b"\n" * MIB, 20),
    ("application/x-ndjson", b"[" * MIB, 20),
], ids=["one_line", "columns", "named_columns", "nul", "utf16", "deep", "deep_object", "name",
        "empty_lines", "ndjson_deep"])
def test_what_is_no_list_is_refused_with_a_sentence(program, content_type, piece, count):
    left, peak = stored(program), peak_mib(program)
    answer = upload(program, [piece] * count, len(piece) * count, content_type)
    assert answer.status in (400, 413), answer
    assert len(answer.json()["error"]) > 20
    nothing_is_left(program, left)
    check_growth(program, peak)


def test_nul_bytes_and_wrong_encodings_in_lines_cost_those_lines(program):
    lines = [GOOD.encode(), b"a\0b@x.test", b"caf\xe9@x.test", "caf\u00e9@x.test".encode()] * 50
    body = b"\n".join(lines)
    answer = upload(program, [body], len(body), "text/plain").expect(202)
    assert answer["rejected_count"] == 100
    assert (answer["total"], answer["duplicates"]) == (2, 98)


def test_many_rejected_lines_are_counted_and_not_kept(program):
    body = f"email,n\n{GOOD},1\n".encode() + b",x\n" * 300_000
    before = peak_mib(program)
    answer = upload(program, [body], len(body)).expect(202)
    assert answer["rejected_count"] == 300_000
    assert stored(program)["rejected_entries"] <= 10_000 + 300
    check_growth(program, before)


def test_a_gzip_body_that_ends_anywhere_leaves_nothing(program):
    whole = gzip.compress(list_of(25_000), 1)
    left = stored(program)
    for part in range(10):
        cut = whole[:len(whole) * part // 10]
        answer = upload(program, [cut], len(cut), "text/plain", **{"Content-Encoding": "gzip"})
        assert answer.status == 400 and "gzip" in answer.json()["error"], answer
    nothing_is_left(program, left)


def list_of(count):
    return "".join(f"valid{i}@sandbox.test\n" for i in range(count)).encode()


def test_a_client_that_goes_anywhere_leaves_no_half_job(program):
    body = list_of(40_000)
    head = (f"POST /v1/bulk/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    left = stored(program)
    for position in range(POSITIONS):
        # All positions but the last are before the end of the body.
        sent = head + body[:len(body) * position // POSITIONS]
        with socket.create_connection(("127.0.0.1", program.port)) as client:
            client.sendall(sent)
            if position % 2:
                # Unread bytes or none, the server sees an end or a reset.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    nothing_is_left(program, left)
    answer = upload(program, [body], len(body), "text/plain").expect(202)
    assert answer["total"] == 40_000


def test_a_client_that_goes_after_the_last_byte_has_a_whole_job_or_none(program):
    body = list_of(40_000)
    head = (f"POST /v1/bulk/verify?start=false HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    before = {job["job_id"] for job in program.pages("/v1/bulk")}
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", program.port)) as client:
            client.sendall(head + body)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def settled():
        return all(job["status"] != "parsing" for job in program.pages("/v1/bulk"))
    wait_until(settled, 60, "no list is arriving any more")
    made = [job for job in program.pages("/v1/bulk") if job["job_id"] not in before]
    assert all((job["status"], job["total"]) == ("paused", 40_000) for job in made), made


def test_duplicates_of_a_long_list_are_left_out_exactly(program):
    count = 1_100_000
    pieces = [json.dumps([f"u{(i * 11) % 1_050_000}@sandbox.test"
                          for i in range(begin, begin + 10_000)])[1:-1].encode()
              for begin in range(0, count, 10_000)]
    pieces = [b'{"start":false,"emails":['] + [b + b"," for b in pieces[:-1]] + [pieces[-1], b"]}"]
    answer = upload(program, pieces, sum(map(len, pieces)), "application/json").expect(202)
    assert (answer["total"], answer["duplicates"]) == (1_050_000, 50_000)
