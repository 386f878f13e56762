"""Receivers of webhooks as processes, and signatures by which others convince the program."""
import datetime
import hashlib
import hmac
import json
import subprocess
from pathlib import Path

from processes import Process, wait_until

HERE = Path(__file__).resolve().parent
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ALL_CHECKS = {"raw", "article", "billionverify", "standard", "timestamp", "fixed_point"}


def now(offset_seconds=0):
    time = datetime.datetime.now(datetime.timezone.utc)
    time += datetime.timedelta(seconds=offset_seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def signature(body, secret=SECRET):
    body = body if isinstance(body, bytes) else body.encode()
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Listener:
    """A node script that listens, says its port, and writes down what comes: a line of JSON each
    in <name>.jsonl. Subclasses say how it is started."""

    def __init__(self, folder, name):
        self.file = Path(folder) / f"{name}.jsonl"
        self.file.touch()
        self.process = Process(name, self.arguments(), Path(folder) / f"{name}.log",
                               self.environment())
        self.url = None

    def arguments(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self):
        self.process.start()
        self.process.wait_for(lambda: "\n" in self.process.output(), 20, "says its port")
        port = json.loads(self.process.output().splitlines()[0])["port"]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def stop(self):
        self.process.end()

    def written(self):
        """What came so far, in order."""
        return [json.loads(line) for line in self.file.read_text().split("\n")[:-1]]


class Receiver(Listener):
    """receiver.mjs: receives, checks, writes down."""

    def __init__(self, folder, name="receiver", **settings):
        self.settings = settings
        super().__init__(folder, name)

    def arguments(self):
        return ["node", HERE / "receiver/receiver.mjs"]

    def environment(self):
        return {"RECEIVER_SECRET": SECRET, "RECEIVER_FILE": str(self.file),
                **{f"RECEIVER_{name.upper()}": str(value)
                   for name, value in self.settings.items()}}

    def deliveries(self, path=None, event_type=None, job_id=None):
        """What came so far, in order."""
        return [delivery for delivery in self.written()
                if (path is None or delivery["path"] == path)
                and (event_type is None or delivery["payload"]["event_type"] == event_type)
                and (job_id is None or delivery["payload"].get("job_id") == job_id)]

    def wait_for(self, count, seconds=30, **which):
        """At least `count` such deliveries."""
        def enough():
            found = self.deliveries(**which)
            return found if len(found) >= count else None
        return wait_until(enough, seconds, lambda: f"{count} deliveries with {which}; "
                          f"so far {len(self.deliveries(**which))} of them and "
                          f"{len(self.deliveries())} in all")


def assert_authentic(delivery):
    """By every check of the receiver, and by the names of the headers."""
    failed = {name for name in ALL_CHECKS if delivery["checks"].get(name) is not True}
    assert not failed, f"these checks failed: {failed} for {delivery['headers']} {delivery['body']}"
    assert delivery["headers"]["webhook-id"] == delivery["payload"]["webhook_id"]
    assert delivery["headers"]["content-type"].startswith("application/json")


def send_from_node(url, payloads):
    """Sends each {"payload", …} by sender.mjs; the list of (status, body as JSON)."""
    lines = [json.dumps({"url": url, "secret": SECRET, **payload}) for payload in payloads]
    done = subprocess.run(["node", str(HERE / "receiver/sender.mjs")], capture_output=True,
                          input="\n".join(lines) + "\n", text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [(answer["status"], json.loads(answer["body"])) for answer in answers]


def door(program, name, **members):
    """A source that takes what SECRET signs; its URL."""
    verifier = {"kind": "hmac", "header": "X-Webhook-Signature", "secrets": [SECRET]}
    made = program.post("/v1/sources", {"name": name, "verifier": verifier, **members}, 201)
    assert made["source_id"], made
    return f"{program.url}/webhooks/{name}"


def signed(body, secret=SECRET, prefix=""):
    """The header that a door of the usual kind checks."""
    return {"X-Webhook-Signature": prefix + signature(body, secret)}


def knock(program, name, body, headers=None):
    """One request at the door of a source; signed with SECRET when no headers are given."""
    sent = signed(body) if headers is None else headers
    return program.call("POST", f"/webhooks/{name}", raw=body, key=None,
                        headers={"Content-Type": "application/json", **sent})


def endpoint(program, url, events=("bulk.*",), **members):
    """A webhook endpoint that signs with SECRET; its id."""
    body = {"url": url, "events": list(events), "secret": SECRET, **members}
    return program.post("/v1/webhooks", body, 201)["webhook_id"]
