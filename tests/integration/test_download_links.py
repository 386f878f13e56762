"""A download_url works without an API key, for its job, until it expires."""
import re

from program import Program

EMAILS = ["accepted_email@sandbox.test", "unknown_mailbox@sandbox.test"]


def path_of(program, url):
    assert url.startswith(program.url)
    return url.removeprefix(program.url)


def link_of(program, job_id):
    """The path of a job's download_url."""
    return path_of(program, program.job(job_id)["download_url"])


def finished_job(program, **members):
    job_id = program.submit(EMAILS, **members)
    program.wait_for_job(job_id, 60)
    return job_id


def rows(program, link):
    return [row["email"] for row in program.call("GET", link, key=None).expect(200)]


def refusal(program, link):
    answer = program.call("GET", link, key=None)
    assert answer.status == 401, answer
    return answer.json()["error"]


def test_a_link_opens_the_results_without_a_key(program):
    job_id = finished_job(program)
    link = link_of(program, job_id)
    assert rows(program, link) == EMAILS
    assert rows(program, link + "&status=valid") == EMAILS[:1]
    csv = program.call("GET", link + "&format=csv", key=None)
    assert csv.status == 200 and csv.headers["content-type"].startswith("text/csv")
    part = program.call("GET", link, key=None, headers={"Range": "bytes=0-0"})
    assert (part.status, part.body) == (206, b"[")
    assert program.call("HEAD", link, key=None).status == 200
    # A key is judged before the token, so a receiver that sends both goes on.
    assert program.call("GET", link).status == 200
    assert program.call("GET", link, key="vh_live_wrong").status == 401


def test_the_links_in_events_open_results_too(program, receiver):
    program.post("/v1/webhooks", {"url": f"{receiver.url}/links", "events": ["bulk.*"]}, 201)
    job_id = finished_job(program)
    failing = program.submit(EMAILS[:1] + ["fail_job@sandbox.test"] + EMAILS[1:])
    program.wait_for_job(failing, 60)
    payloads = {}
    for delivery in receiver.wait_for(2, path="/links"):
        payload = delivery["payload"]
        payloads[payload["job_id"]] = payload
    assert rows(program, path_of(program, payloads[job_id]["download_url"])) == EMAILS
    failed = payloads[failing]
    assert failed["event_type"] == "bulk.failed"
    if failed["partial_results_available"]:
        link = path_of(program, failed["download_url"])
        assert link == link_of(program, failing) and "partial=true" in link
        assert rows(program, link)


def test_a_link_of_one_job_opens_nothing_else(program):
    job_id, other = finished_job(program), finished_job(program)
    link = link_of(program, job_id)
    token = link.split("token=")[1]
    later = re.sub(r"token=(\d+)", lambda found: f"token={int(found[1]) + 1}", link)
    for path in (link.replace(job_id, other), link[:-1], link.replace(token, ""), later):
        assert "another job" in refusal(program, path), path
    for path in (f"/v1/bulk/{job_id}?token={token}", f"/v1/bulk?token={token}",
                 f"/v1/bulk/{job_id}/results?token={token}"):
        refusal(program, path)
    assert program.call("DELETE", f"/v1/bulk/{job_id}?token={token}", key=None).status == 401
    assert program.call("DELETE", f"/v1/bulk/{job_id}").status == 204
    assert program.call("GET", link, key=None).status == 404


def test_a_link_outlives_a_restart_and_stands_in_no_log(own_program):
    job_id = finished_job(own_program)
    link = link_of(own_program, job_id)
    token = link.split("token=")[1]
    own_program.restart()
    assert rows(own_program, link) == EMAILS
    refusal(own_program, link[:-1])
    for text in (token, token[:-1], token.split(".")[1]):
        assert text not in own_program.process.output()


def test_links_can_be_switched_off(tmp_path):
    program = Program(tmp_path / "keys", settings={"jobs": {"download_link_hours": 0}})
    try:
        job_id = finished_job(program.start())
        assert link_of(program, job_id) == f"/v1/bulk/download/{job_id}"
        assert "API key" in refusal(program, f"/v1/bulk/download/{job_id}")
        assert "API key" in refusal(program, f"/v1/bulk/download/{job_id}?token=1.2.default")
    finally:
        program.close()
