"""The program under test, as its users have it: a process, a configuration file, an HTTP API.

VERIHOOK_BINARY names it (build/asan/verihook). When it is missing tests fail; none is left out.
"""
import datetime
import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from processes import Process, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("VERIHOOK_BINARY") or ROOT / "build/asan/verihook").absolute()
KEY = "vh_live_" + "0123456789abcdefghij" * 2
START_SECONDS = 60
FINAL = ("completed", "failed", "cancelled")
SANITIZER_REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                     "AddressSanitizer:DEADLYSIGNAL")


def binary():
    advice = "build it: cmake --build --preset asan"
    assert BINARY.is_file(), f"there is no program at {BINARY}; {advice}"
    return BINARY


@dataclass
class Answer:
    """What came back to one request."""
    request: str
    status: int
    headers: dict       # names in lower case
    body: bytes

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise AssertionError(f"{self} is not JSON: {error}") from error

    def expect(self, status):
        assert self.status == status, f"{self}; expected was {status}"
        return self.json() if self.body else None

    def __str__(self):
        return f"{self.request} answered {self.status} {self.body[:600].decode(errors='replace')}"


def toml(settings):
    """The configuration file for {"section": {"name": value}}; JSON's values are TOML's as well."""
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def run_command(*arguments, seconds=60, environment=None, text=None, folder=None):
    """One command of the program to its end; a subprocess.CompletedProcess."""
    return subprocess.run([str(binary()), *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds, check=False, input=text, cwd=folder,
                          env={**os.environ, **(environment or {})})


class Program:
    """`verihook serve` with a data folder of its own, to be started, killed and started again."""

    def __init__(self, folder=None, lab=None, settings=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="verihook-test-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = self.folder / "verihook.toml"
        self.settings = self._settings(lab, settings or {})
        self.config.write_text(toml(self.settings))
        self.environment = {}
        self.process = None
        self.starts = 0

    def _settings(self, lab, more):
        settings = {
            "server": {"listen": f"127.0.0.1:{self.port}"},
            "store": {"url": f"sqlite:{self.folder}/verihook.db"},
            "auth": {"bootstrap_key": KEY},
            "secrets": {"master_key_file": f"{self.folder}/master.key"},
            "network": {"allow": ["127.0.0.0/8", "::1/128"], "allow_http": True},
            "smtp": {"audit_at_start": False},      # tests ask nobody outside
            "alerts": {"interval_s": 3600},         # only those that are about them hear of any
        }
        if lab is not None:
            settings["dns"] = {"servers": [lab.dns]}
            settings["smtp"] |= {"port": lab.smtp_port, "helo": "probe.hosts.test",
                                 "mail_from": "verify@probe.hosts.test"}
        for section, values in more.items():
            settings.setdefault(section, {}).update(values)
        return settings

    def start(self):
        self.starts += 1
        self.process = Process("verihook", [binary(), "serve", "--config", self.config],
                               self.folder / "verihook.log", self.environment, self.folder)
        self.process.start()
        self.process.wait_for(self.healthy, START_SECONDS, "answers /healthz")
        return self

    def healthy(self):
        try:
            return self.call("GET", "/healthz", key=None, seconds=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self):
        """kill -9."""
        self.process.end(signal.SIGKILL)

    def stop(self, seconds=35):
        """SIGTERM; the exit status, None when it had to be killed after the time."""
        return self.process.end(signal.SIGTERM, seconds)

    def restart(self):
        self.kill()
        return self.start()

    def close(self):
        """Ends it; an AssertionError when a sanitizer had something to say."""
        if self.process is not None:
            self.stop()
            self.check_log()

    def check_log(self):
        log = self.process.output()
        for report in SANITIZER_REPORTS:
            at = log.find(report)
            assert at < 0, f"the program's log has:\n{log[max(0, at - 500):at + 4000]}"

    # pylint: disable=too-many-arguments
    def call(self, method, path, body=None, key=KEY, headers=None, raw=None, seconds=60):
        """One request. `body` is sent as JSON, `raw` as it is."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        if body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body=raw, headers=sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(f"{method} {path}", response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.call("GET", path, **more).expect(200)

    def post(self, path, body, status=200, **more):
        return self.call("POST", path, body, **more).expect(status)

    def pages(self, path, limit=1000):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            separator = "&" if "?" in path else "?"
            page = self.get(f"{path}{separator}limit={limit}" +
                            (f"&cursor={cursor}" if cursor else ""))
            items += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def submit(self, emails, **members):
        return self.post("/v1/bulk/verify", {"emails": emails, **members}, 202)["job_id"]

    def job(self, job_id):
        return self.get(f"/v1/bulk/{job_id}")

    def wait_for_job(self, job_id, seconds, states=FINAL):
        """The job when it is in one of these states."""
        seen = {}

        def done():
            seen.update(self.job(job_id))
            return seen if seen["status"] in states else None
        return wait_until(done, seconds, lambda: f"job in {states}; it is {seen}")

    def download(self, job_id, query=""):
        return self.get(f"/v1/bulk/download/{job_id}{query}")

    def log_says(self, text, seconds=10):
        return wait_until(lambda: text in self.process.output(), seconds, f"log says {text!r}")


def age_seconds(timestamp):
    """How long ago an ISO 8601 time in UTC was."""
    then = datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return time.time() - then.timestamp()
