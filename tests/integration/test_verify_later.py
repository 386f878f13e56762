"""One address, answered later: as a signed event and whenever it is asked for."""
from processes import wait_until
from receivers import SECRET, assert_authentic


def ask(program, email, status=202, headers=None, **members):
    return program.call("POST", "/v1/verify", {"email": email, "async": True, **members},
                        headers=headers).expect(status)


def wait_for(program, verification_id, seconds=30):
    def done():
        found = program.get(f"/v1/verify/{verification_id}")
        return found if found["status"] == "completed" else None
    return wait_until(done, seconds, f"{verification_id} is completed")


def completions(receiver, tag):
    return receiver.deliveries(path=f"/{tag}", event_type="verification.completed")


def register(program, receiver, tag):
    program.post("/v1/webhooks", {"url": f"{receiver.url}/{tag}", "secret": SECRET,
                                  "events": ["verification.*"]}, 201)


def test_the_answer_comes_as_a_signed_event_and_can_be_had(own_program, receiver):
    register(own_program, receiver, "later-1")
    made = ask(own_program, "mailbox_full@sandbox.test", metadata={"user": 7})
    assert (made["status"], made["metadata"]) == ("queued", {"user": 7})
    assert set(made) == {"verification_id", "status", "metadata", "created_at"}
    found = wait_for(own_program, made["verification_id"])
    assert found["result"]["reason"] == "mailbox_full"
    (event,) = receiver.wait_for(1, path="/later-1")
    assert_authentic(event)
    payload = event["payload"]
    assert list(payload) == ["event_type", "webhook_id", "tenant_id", "job_id", "timestamp",
                             "verification_id", "result", "metadata", "created_at"]
    assert payload["job_id"] is None
    assert payload["verification_id"] == made["verification_id"]
    assert (payload["result"], payload["metadata"]) == (found["result"], {"user": 7})
    (stored,) = own_program.pages(f"/v1/events?job_id={made['verification_id']}")
    assert (stored["event_id"], stored["job_id"]) == (payload["webhook_id"], None)


def test_an_endpoint_of_its_own_hears_of_it_alone(program, receiver):
    made = ask(program, "accepted_email@sandbox.test", webhook_url=f"{receiver.url}/later-own",
               webhook_secret=SECRET)
    ask(program, "accepted_email@sandbox.test")
    program.submit(["accepted_email@sandbox.test"])
    assert made["webhook_id"].startswith("wh_")
    (event,) = receiver.wait_for(1, path="/later-own")
    assert_authentic(event)
    assert event["payload"]["verification_id"] == made["verification_id"]
    assert len(receiver.deliveries(path="/later-own")) == 1


def test_an_idempotency_key_asks_once(program):
    headers = {"Idempotency-Key": "verify-later-once"}
    first = ask(program, "accepted_email@sandbox.test", headers=headers)
    assert ask(program, "accepted_email@sandbox.test", headers=headers) == first
    ask(program, "rejected_email@sandbox.test", 409, headers=headers)


def test_what_does_not_go_together_is_refused(program):
    refused = [{"async": True, "webhook_secret": "x"}, {"async": False, "webhook_url": "http://a"},
               {"async": "yes"}, {"async": True, "timeout_ms": 0}, {"async": True, "stray": 1}]
    for members in refused:
        answer = program.call("POST", "/v1/verify", {"email": "a@b.test", **members})
        assert answer.status == 400, str(answer)
    traced = program.call("POST", "/v1/verify?trace=true", {"email": "a@b.test", "async": True})
    assert traced.status == 400
    for unknown in ("ver_01arz3ndektsv4rrffq69g5fav", "job_01arz3ndektsv4rrffq69g5fav", "x"):
        assert program.call("GET", f"/v1/verify/{unknown}").status == 404


def test_every_one_that_was_acknowledged_is_answered_once_after_kills(own_program, receiver):
    register(own_program, receiver, "later-kill")
    asked = {}
    for _ in range(3):
        for i in range(20):
            email = f"accepted_email+{len(asked)}@sandbox.test"
            asked[ask(own_program, email)["verification_id"]] = email
        own_program.restart()
    for verification_id, email in asked.items():
        assert wait_for(own_program, verification_id)["result"]["email"] == email

    def told():
        return {delivery["payload"]["verification_id"]: delivery["payload"]["webhook_id"]
                for delivery in completions(receiver, "later-kill")}
    wait_until(lambda: set(told()) == set(asked), 60, "an event of each")
    ids = {(delivery["payload"]["verification_id"], delivery["payload"]["webhook_id"])
           for delivery in completions(receiver, "later-kill")}
    assert len(ids) == len(asked), "one was told of under two ids"
    events = own_program.pages("/v1/events?type=verification.completed")
    assert len(events) == len(asked)
