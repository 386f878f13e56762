"""The way of the introduction, once through: a job, its signed webhooks to a stranger and to the
program's own door, the results in the contacts table. Used with and without kills on the way."""
from processes import wait_until
from program import KEY
from receivers import assert_authentic, door, endpoint
from truth import differences

RETRIES = [0.2] * 30      # seconds; a killed program must not wait for half a minute


class WholeWay:
    """prepare(), then submit(), then the checks in any order."""

    def __init__(self, program, receiver, world, name):
        self.program = program
        self.receiver = receiver
        self.world = world
        self.name = name
        self.path = f"/{name}"
        self.emails = [address.email for address in world.addresses]
        self.job_id = None

    def prepare(self, path=None):
        self.path = path or self.path
        endpoint(self.program, self.receiver.url + self.path, retry_schedule=RETRIES)
        own_door = door(self.program, self.name)
        endpoint(self.program, own_door, ["bulk.*"], retry_schedule=RETRIES)
        self.program.post("/v1/destinations", {
            "name": self.name, "kind": "contacts", "sources": [self.name],
            "settings": {"api_key": KEY, "allowed_hosts": [f"127.0.0.1:{self.program.port}"]},
            "retry_schedule": RETRIES}, 201)
        imported = self.program.post("/v1/contacts/import", {"emails": self.emails})
        assert imported["added"] == len(self.emails), imported

    def submit(self):
        self.job_id = self.program.submit(
            self.emails, name=self.name, metadata={"way": self.name, "1": 2.5},
            options={"greylist": "skip"})

    def check_job(self):
        job = self.program.job(self.job_id)
        assert job["status"] == "completed", job
        assert job["processed_count"] == job["total_count"] == len(self.emails), job
        assert job["percent_complete"] == 100, job
        self.check_summary(job["summary"])

    def check_summary(self, summary):
        truth = self.world.summary()
        assert {name: summary[name] for name in truth} == truth

    def check_results(self):
        """Each address once, in the order of the input, with the right verdict."""
        results = self.program.download(self.job_id)
        assert [result["row"] for result in results] == list(range(1, len(self.emails) + 1))
        wrong = differences(self.world, results)
        assert not wrong, f"wrong verdicts:\n{wrong}"
        for result in results:
            assert result["is_valid"] == (result["status"] == "valid"), result
            low, high = {"valid": (80, 100), "invalid": (0, 0)}.get(result["status"], (1, 79))
            assert low <= result["score"] <= high, result

    def completions(self):
        return self.receiver.deliveries(path=self.path, event_type="bulk.completed",
                                        job_id=self.job_id)

    def check_webhooks(self, seconds=60):
        """bulk.completed came, signed in every way, with one id however often; that id."""
        self.receiver.wait_for(1, seconds, path=self.path, event_type="bulk.completed",
                               job_id=self.job_id)
        came = self.completions()
        assert len({delivery["webhook_id"] for delivery in came}) == 1, came
        for delivery in self.receiver.deliveries(path=self.path, job_id=self.job_id):
            assert_authentic(delivery)
            assert delivery["payload"]["metadata"] == {"way": self.name, "1": 2.5}
        payload = came[0]["payload"]
        assert list(payload)[:5] == ["event_type", "webhook_id", "tenant_id", "job_id", "timestamp"]
        assert payload["status"] == "completed"
        assert payload["webhook_id"].startswith("evt_")
        url, token = payload["download_url"].split("?token=")
        assert url == f"{self.program.url}/v1/bulk/download/{self.job_id}" and token
        self.check_summary(payload["summary"])
        return payload["webhook_id"]

    def received_completions(self):
        events = self.program.pages(f"/v1/events?type=bulk.completed&source={self.name}")
        return [event for event in events if event["origin"] == "received"]

    def wait_until_applied(self, seconds=60):
        """Until the program's own door has the event and its destination has worked it off."""
        def processed():
            events = self.received_completions()
            return events and all(event["status"] == "processed" for event in events)
        wait_until(processed, seconds, lambda: f"received and applied: "
                   f"{self.received_completions()}; dead: {self.program.get('/v1/dead-letters')}")

    def check_contacts(self):
        contacts = {contact["email"]: contact for contact in self.program.pages("/v1/contacts")}
        assert set(contacts) == set(self.emails)
        wrong = []
        for address in self.world.addresses:
            contact = contacts[address.email]
            valid = address.status == "valid"
            expected = (valid, None if valid else address.reason, self.job_id)
            got = (contact["email_verified"], contact["email_invalid_reason"],
                   contact["verification_job_id"])
            if got != expected or not contact["verification_date"]:
                wrong.append((contact, expected))
        assert not wrong, f"{len(wrong)} contacts are wrong: {wrong[:10]}"
