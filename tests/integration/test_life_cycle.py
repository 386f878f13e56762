"""A job in the hands of its owner: held back, previewed, started, paused, cancelled, retried,
watched."""
import http.client
import json

from program import KEY

FEW = ["accepted_email@sandbox.test", "rejected_email@sandbox.test", "greylisted@sandbox.test"]


def act(program, job_id, action):
    return program.call("POST", f"/v1/bulk/{job_id}/{action}", {})


def test_a_job_that_is_not_to_start_waits_for_its_start(program):
    job_id = program.submit(FEW, start=False)
    job = program.job(job_id)
    assert (job["status"], job["processed_count"]) == ("paused", 0)
    assert job["estimated_completion"] is None
    assert act(program, job_id, "start").expect(200)["status"] == "queued"
    done = program.wait_for_job(job_id, 30)
    assert (done["status"], done["processed_count"]) == ("completed", 3)


def test_a_preview_tells_what_is_known_and_what_it_will_cost(program):
    emails = [f"accepted_email+{i}@sandbox.test" for i in range(50)] + ["no address", "@", "x@y z"]
    job_id = program.submit(emails, start=False)
    preview = program.get(f"/v1/bulk/{job_id}/preview")
    assert (preview["total"], preview["sampled"]) == (53, 53)
    assert preview["reasons"] == {"accepted_email": 50, "invalid_email": 3}
    assert preview["estimate"] == {"probes": 0, "known_without_probes": 53}
    assert program.job(job_id)["processed_count"] == 0


def test_pausing_twice_is_one_pause_and_resuming_goes_on(program):
    job_id = program.submit(FEW, start=False)
    assert act(program, job_id, "pause").expect(200)["status"] == "paused"
    assert act(program, job_id, "resume").expect(200)["status"] == "queued"
    program.wait_for_job(job_id, 30)
    for action in ("pause", "resume", "cancel"):
        refused = act(program, job_id, action)
        assert refused.status == 409, str(refused)
        assert "completed" in refused.json()["error"]


def test_a_cancelled_job_says_so_in_state_event_and_results(program):
    job_id = program.submit(FEW, start=False)
    job = act(program, job_id, "cancel").expect(200)
    assert (job["status"], job["error_code"]) == ("cancelled", "CANCELLED")
    assert act(program, job_id, "cancel").expect(200)["status"] == "cancelled"
    events = program.get(f"/v1/events?job_id={job_id}")["data"]
    assert [event["event_type"] for event in events] == ["bulk.failed"]
    payload = events[0]["payload"]
    assert (payload["error_code"], payload["processed_count"]) == ("CANCELLED", 0)
    assert payload["partial_results_available"] is False


def test_a_retry_asks_about_the_open_and_the_unknown_rows_only(program):
    job_id = program.submit(FEW, metadata={"list": "spring"})
    program.wait_for_job(job_id, 30)
    made = act(program, job_id, "retry").expect(202)
    assert (made["total"], made["metadata"]) == (1, {"list": "spring", "retry_of": job_id})
    program.wait_for_job(made["job_id"], 30)
    (result,) = program.download(made["job_id"])
    assert (result["email"], result["row"]) == ("greylisted@sandbox.test", 3)


def test_a_cancelled_job_is_retried_whole_and_one_without_questions_is_refused(program):
    job_id = program.submit(FEW, start=False)
    assert act(program, job_id, "retry").status == 409
    act(program, job_id, "cancel").expect(200)
    assert act(program, job_id, "retry").expect(202)["total"] == 3
    sure = program.submit(FEW[:2])
    program.wait_for_job(sure, 30)
    refused = act(program, sure, "retry")
    assert refused.status == 409 and "nothing to retry" in refused.json()["error"]


def test_a_deadline_ends_also_a_job_that_stands_still(program):
    job_id = program.submit(FEW, start=False, options={"deadline_s": 1})
    job = program.get(f"/v1/bulk/{job_id}?wait=30")
    assert (job["status"], job["error_code"]) == ("failed", "DEADLINE_EXCEEDED")


def test_a_long_poll_answers_when_the_job_has_ended_and_not_before(program):
    job_id = program.submit(FEW, start=False)
    assert program.get(f"/v1/bulk/{job_id}?wait=1")["status"] == "paused"
    act(program, job_id, "start").expect(200)
    assert program.get(f"/v1/bulk/{job_id}?wait=60")["status"] == "completed"
    assert program.call("GET", f"/v1/bulk/{job_id}?wait=301").status == 400


def test_server_sent_events_follow_a_job_to_its_end(program):
    job_id = program.submit(FEW, start=False)
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.request("GET", f"/v1/bulk/{job_id}/events",
                       headers={"Authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/event-stream")
    first = answer.readline()
    assert first == b"event: progress\n"
    act(program, job_id, "start").expect(200)
    names, last = ["progress"], None
    for line in answer.read().decode().splitlines():
        if line.startswith("event: "):
            names.append(line.removeprefix("event: "))
        if line.startswith("data: "):
            last = json.loads(line.removeprefix("data: "))
    assert names[-1] == "completed" and set(names[:-1]) == {"progress"}
    assert last["processed_count"] == 3


def test_somebody_elses_job_is_no_job(program):
    for action in ("start", "pause", "resume", "cancel", "retry"):
        assert act(program, "job_01ARZ3NDEKTSV4RRFFQ69G5FAV", action).status == 404
    assert program.call("GET", "/v1/bulk/job_01ARZ3NDEKTSV4RRFFQ69G5FAV/preview").status == 404
