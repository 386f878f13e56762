"""Servers and commands that received events are handed to, and how a test hands them over."""
import json
import subprocess
from pathlib import Path

from processes import Process, accepts_connections, free_port, wait_until
from receivers import door, signature

START_SECONDS = 20
QUICK = [0.05, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 5]     # seconds, for tests that wait for a retry


class Service:
    """A server on a port of its own, to be killed and started again on it."""

    def __init__(self, folder, name):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.name = name
        self.process = None

    def arguments(self):
        raise NotImplementedError

    def start(self):
        self.process = Process(self.name, self.arguments(), self.folder / f"{self.name}.log")
        self.process.start()
        self.process.wait_for(lambda: accepts_connections("127.0.0.1", self.port), START_SECONDS,
                              "accepts connections")
        return self

    def stop(self, *signal):
        if self.process is not None:
            self.process.end(*signal)


class Redis(Service):
    """redis-server; what it has acknowledged is on its disk."""

    def __init__(self, folder, *more):
        super().__init__(folder, "redis")
        self.more = more
        self.password = more[more.index("--requirepass") + 1] if "--requirepass" in more else None

    def arguments(self):
        return ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder,
                "--save", "", "--appendonly", "yes", "--appendfsync", "always", *self.more]

    def url(self, rest=""):
        return f"redis://127.0.0.1:{self.port}{rest}"

    def tell(self, *command, options=()):
        """What redis-cli prints."""
        secret = ["-a", self.password, "--no-auth-warning"] if self.password else []
        done = subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *secret, *options,
             *map(str, command)], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done
        return done.stdout

    def ask(self, *command, database=0):
        return json.loads(self.tell(*command, options=["-n", str(database), "--json"]))

    def connections(self):
        """How many it has had, the one that asks included."""
        return next(int(line.split(":")[1]) for line in self.tell("INFO", "stats").splitlines()
                    if line.startswith("total_connections_received:"))

    def entries(self, stream, **more):
        """The fields of each entry, oldest first."""
        return [dict(zip(fields[::2], fields[1::2]))
                for _, fields in self.ask("XRANGE", stream, "-", "+", **more)]


def destination(program, name, **members):
    """A destination for what comes through the door of that name; its id."""
    body = {"name": name, "sources": [name], "retry_schedule": QUICK, **members}
    return program.post("/v1/destinations", body, 201)["destination_id"]


def open_door(program, name):
    door(program, name)
    return name


def knock(program, source, body):
    """Sends an event through the door; `body` is bytes or becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    program.call("POST", f"/webhooks/{source}", raw=raw, key=None, headers={
        "Content-Type": "application/json", "X-Webhook-Signature": signature(raw)}).expect(200)


def deliveries(program, **selection):
    query = "&".join(f"{name}={value}" for name, value in selection.items())
    return program.pages(f"/v1/deliveries?{query}")


def attempts(program, **selection):
    """Those of the one delivery that is selected, oldest first."""
    (delivery,) = deliveries(program, **selection)
    shown = program.get(f"/v1/deliveries/{delivery['delivery_id']}")
    return sorted(shown["attempts"], key=lambda attempt: attempt["number"])


def wait_for_state(program, state, seconds=30, **selection):
    """The one delivery that is selected, once it is in this state."""
    seen = []

    def there():
        seen[:] = deliveries(program, **selection)
        return seen[0] if len(seen) == 1 and seen[0]["status"] == state else None
    return wait_until(there, seconds, lambda: f"one delivery that is {state}; there are {seen}")
