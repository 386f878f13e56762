"""One address out of everything: answers, lists, events, contacts, and the bytes of the files."""
import json
import sqlite3
from contextlib import closing

from processes import wait_until
from program import KEY, run_command

ANN = "ann.erased@sandbox.test"
OTHER = "joann.erased@sandbox.test"
# Every way in which the address might stand in a file.
TRACES = [b"ann.erased@", b"ann.erased%40", b"ann.erased\\u0040", b"ann.erased"]


def erase(program, email, **members):
    made = program.post("/v1/erase", {"email": email, **members}, 202)
    assert email not in json.dumps(made)

    def completed():
        receipt = program.get(f"/v1/erase/{made['erasure_id']}")
        return receipt if receipt["status"] == "completed" else None
    return wait_until(completed, 60, "the erasure is completed")


def wait_for_verification(program, verification_id):
    def done():
        found = program.get(f"/v1/verify/{verification_id}")
        return found if found["status"] == "completed" else None
    return wait_until(done, 30, "the verification is completed")


def bytes_of_files(program):
    return b"".join(path.read_bytes() for path in sorted(program.folder.glob("verihook.db*")))


def texts_of_rows(program):
    """Everything that stands in the tables as text, so that compression hides nothing of it."""
    with closing(sqlite3.connect(f"file:{program.folder}/verihook.db?mode=ro", uri=True)) as store:
        tables = [row[0] for row in
                  store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(repr(row) for table in tables
                         for row in store.execute(f"SELECT * FROM {table}"))


def fill(program, receiver, other):
    """The address in every place where it may come to stand; the ids of what was made."""
    program.post("/v1/webhooks", {"url": f"{receiver.url}/erase", "events": ["*"]}, 201)
    program.post("/v1/sources", {"name": "in", "verifier": {"kind": "none"}}, 201)
    program.post("/v1/contacts/import", {"emails": [ANN, other]})
    job_id = program.submit([other, ANN.upper(), "rejected_email@sandbox.test"],
                            name=f"for {ANN}", metadata={"by": ANN, "url": "x?e=" +
                                                         ANN.replace("@", "%40")})
    program.wait_for_job(job_id, 30)
    # Both are too wide, so they are kept as they stand; numbers of two and of one digit.
    wide = "email,n\n" + f"{ANN},1,2\n" * 2 + "accepted_email@sandbox.test,1\n" * 7 + f"{ANN},1,2\n"
    program.call("POST", "/v1/bulk/verify?start=false", raw=wide.encode(),
                 headers={"Content-Type": "text/csv"}).expect(202)
    waiting = program.submit([other, ANN, "accepted_email@sandbox.test"], start=False)
    question = {"email": ANN, "async": True, "metadata": {"m": ANN}}
    asked = program.call("POST", "/v1/verify", question,
                         headers={"Idempotency-Key": "key-1"}).expect(202)["verification_id"]
    wait_for_verification(program, asked)
    received = {"event_type": "bulk.progress", "webhook_id": f"evt:{ANN}",
                "note": f"about {ANN} and {other}"}
    program.post("/webhooks/in", received, key=None)
    strict = program.post("/v1/sources", {"name": "strict", "verifier": {
        "kind": "hmac", "secrets": ["a secret"]}}, 201)["source_id"]
    program.call("POST", "/webhooks/strict", received, key=None,
                 headers={"X-Of": ANN, "X-Webhook-Signature": "0" * 64}).expect(401)
    wait_until(lambda: program.pages(f"/v1/sources/{strict}/rejected"), 30, "a refusal is kept")
    receiver.wait_for(2, path="/erase")
    return job_id, waiting, asked


def test_an_address_is_gone_from_everywhere_and_counts_stay(own_program, receiver):
    job_id, waiting, asked = fill(own_program, receiver, OTHER)
    before = own_program.job(job_id)
    assert any(trace in bytes_of_files(own_program) for trace in TRACES)
    receipt = erase(own_program, ANN)
    assert receipt["tenant_id"] is None and len(receipt["address_hash"]) == 64
    assert receipt["erased"]["list_rows"] == 2
    assert receipt["erased"]["verifications"] == 1
    assert receipt["erased"]["contacts"] == 1
    assert receipt["erased"]["rejected_entries"] == 3
    assert receipt["erased"]["rejected_requests"] == 1
    assert receipt["erased"]["jobs"] == 1
    assert receipt["erased"]["events"] >= 3
    # The list keeps its counts and its order, and the others their answers.
    after = own_program.job(job_id)
    for member in ("summary", "processed_count", "total_count", "status"):
        assert after[member] == before[member]
    assert after["metadata"] == {"by": "[erased]", "url": "x?e=[erased]"}
    others, gone, rejected = own_program.download(job_id)
    assert (others["email"], rejected["email"]) == (OTHER, "rejected_email@sandbox.test")
    assert (gone["email"], gone["row"]) == ("[erased]", 2)
    for member in ("normalized_email", "user", "domain", "mx", "id", "data"):
        assert gone[member] is None, member
    # A row that nobody had looked at yet is not looked at.
    own_program.call("POST", f"/v1/bulk/{waiting}/start", {}).expect(200)
    own_program.wait_for_job(waiting, 30)
    results = own_program.download(waiting)
    assert [result["email"] for result in results] == [OTHER, "[erased]",
                                                       "accepted_email@sandbox.test"]
    assert results[1]["reason"] == "not_attempted"
    assert own_program.get(f"/v1/verify/{asked}")["result"]["email"] == "[erased]"
    assert [contact["email"] for contact in own_program.pages("/v1/contacts")] == [OTHER]
    notes = [event["payload"] for event in own_program.pages("/v1/events?source=in")]
    assert len(notes) == 1 and f"about [erased] and {OTHER}" in notes[0]


def test_the_bytes_of_an_address_leave_the_files(own_program, receiver):
    fill(own_program, receiver, "somebody.else@sandbox.test")
    assert any(trace in bytes_of_files(own_program) for trace in TRACES)
    erase(own_program, ANN)
    for trace in TRACES:
        assert trace.decode() not in texts_of_rows(own_program).lower()
        assert trace not in bytes_of_files(own_program).lower(), f"{trace} is still in the files"


def test_a_download_does_not_go_on_as_another_document(own_program):
    job_id = own_program.submit([ANN, OTHER])
    own_program.wait_for_job(job_id, 30)
    path = f"/v1/bulk/download/{job_id}"
    etag = own_program.call("GET", path).headers["etag"]
    assert own_program.call("GET", path, headers={"If-None-Match": etag}).status == 304
    begun = {"Range": "bytes=1-", "If-Range": etag}
    assert own_program.call("GET", path, headers=begun).status == 206
    erase(own_program, ANN)
    assert own_program.call("GET", path, headers={"If-None-Match": etag}).status == 200
    whole = own_program.call("GET", path, headers=begun)
    assert whole.status == 200 and whole.headers["etag"] != etag
    assert [row["email"] for row in whole.json()] == ["[erased]", OTHER]


def test_a_retry_leaves_out_what_was_erased(own_program):
    job_id = own_program.submit([ANN, "greylisted@sandbox.test"], start=False)
    own_program.call("POST", f"/v1/bulk/{job_id}/cancel", {}).expect(200)
    erase(own_program, ANN)
    made = own_program.call("POST", f"/v1/bulk/{job_id}/retry", {}).expect(202)
    assert made["total"] == 1


def test_an_event_that_waits_in_memory_is_sent_without_the_address(own_program, receiver):
    own_program.post("/v1/sources", {"name": "in", "verifier": {"kind": "none"}}, 201)
    slow = own_program.post("/v1/destinations", {
        "name": "slow", "kind": "http", "url": f"{receiver.url}/erase-waiting", "sources": ["in"],
        "rate_per_second": 0.001}, 201)["destination_id"]
    for i in range(3):
        own_program.post("/webhooks/in", {"event_type": "bulk.progress", "webhook_id": f"evt{i}",
                                          "note": f"about {ANN} and {OTHER}"}, key=None)
    # One was sent while the address was still to be had; the others wait for their turn.
    receiver.wait_for(1, path="/erase-waiting")
    erase(own_program, ANN)
    own_program.call("PATCH", f"/v1/destinations/{slow}", {"rate_per_second": 0}).expect(200)
    came = receiver.wait_for(3, path="/erase-waiting")
    assert ANN in came[0]["payload"]["note"]
    assert [delivery["payload"]["note"] for delivery in came[1:]] == [
        f"about [erased] and {OTHER}"] * 2


def test_an_erasure_that_was_acknowledged_is_done_after_a_kill(own_program):
    job_id = own_program.submit([ANN] + [f"accepted_email+{i}@sandbox.test" for i in range(20_000)])
    own_program.wait_for_job(job_id, 120)
    made = own_program.post("/v1/erase", {"email": ANN}, 202)
    own_program.restart()
    wait_until(lambda: own_program.get(f"/v1/erase/{made['erasure_id']}")["status"] == "completed",
               60, "the erasure is completed")
    receipt = own_program.get(f"/v1/erase/{made['erasure_id']}")
    assert receipt["erased"] == {"list_rows": 1}
    assert own_program.download(job_id)[0]["email"] == "[erased]"


def test_a_tenant_erases_what_is_its_own(own_program):
    own_program.post("/v1/tenants", {"name": "x", "tenant_id": "x"}, 201)
    keys = {scope: own_program.post("/v1/keys", {"tenant_id": "x", "scope": scope}, 201)["key"]
            for scope in ("write", "admin")}
    for key in (KEY, keys["admin"]):
        own_program.post("/v1/contacts/import", {"emails": [ANN]}, key=key)
    own_program.post("/v1/erase", {"email": ANN}, 403, key=keys["write"])
    own_program.post("/v1/erase", {"email": ANN, "tenant_id": "default"}, 403, key=keys["admin"])
    own_program.post("/v1/erase", {"email": ANN, "tenant_id": "nobody"}, 404)
    own_program.post("/v1/erase", {"email": "no address"}, 400)
    made = own_program.post("/v1/erase", {"email": ANN}, 202, key=keys["admin"])
    assert made["tenant_id"] == "x"
    path = f"/v1/erase/{made['erasure_id']}"
    wait_until(lambda: own_program.get(path, key=keys["admin"])["status"] == "completed", 30,
               "the erasure is completed")
    assert own_program.call("GET", path).status == 404
    assert own_program.get("/v1/contacts", key=keys["admin"])["data"] == []
    assert len(own_program.pages("/v1/contacts")) == 1


def test_the_command_prints_the_receipt(own_program):
    own_program.post("/v1/contacts/import", {"emails": [ANN]})
    done = run_command("erase", "--email", ANN, "--json", "--server", own_program.url,
                       environment={"VERIHOOK_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["erased"] == {"contacts": 1}
    assert ANN not in done.stdout + done.stderr
    assert len(own_program.pages("/v1/erase")) == 1
