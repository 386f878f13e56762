"""A provider, and the way of its results through a door into a table in PostgreSQL."""
import http.server
import itertools
import json
import threading

from postgres import ROLE
from processes import wait_until
from receivers import door, knock

NUMBERS = itertools.count()
COLUMNS = ("email text PRIMARY KEY, email_verified boolean, verification_date timestamptz, "
           "verification_job_id text, email_invalid_reason text, note text")
STATE = "email, email_verified, verification_job_id, email_invalid_reason"


class Provider:
    """Serves what a provider's API has: /results, and /submit, whose requests are kept."""

    def __init__(self):
        self.results = b"[]"
        self.submitted = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Every path but /submit gives the results."""

            def do_GET(self):       # pylint: disable=invalid-name
                self.answer(200, outer.results)

            def do_POST(self):      # pylint: disable=invalid-name
                length = int(self.headers["Content-Length"])
                outer.submitted.append(json.loads(self.rfile.read(length)))
                self.answer(202, b'{"job_id":"job_rest"}')

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *args):   # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def give(self, *rows):
        """Results of (address, reason); the reason None: valid."""
        self.results = json.dumps([
            {"email": email, "is_valid": reason is None, "reason": reason or "accepted_email"}
            for email, reason in rows]).encode()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Way:
    """A door, a destination and its table, all of one name."""

    def __init__(self, program, server, provider, columns=COLUMNS):
        self.program, self.server, self.provider = program, server, provider
        self.name = f"crm{next(NUMBERS)}"
        self.table = self.name
        self.url = door(program, self.name)
        self.destination = None
        if columns:
            server.sql(f"CREATE TABLE {self.table} ({columns});"
                       f"GRANT SELECT, UPDATE ON {self.table} TO {ROLE}")

    def lead(self, settings=None, **members):
        self.destination = self.program.post("/v1/destinations", {
            "name": self.name, "kind": "contacts", "sources": [self.name],
            "settings": {"database": self.server.url(), "table": self.table,
                         "allowed_hosts": [self.provider.host], **(settings or {})},
            "retry_schedule": [], **members}, 201)["destination_id"]
        return self

    def fill(self, *emails, job=None):
        rows = ",".join("('%s')" % email.replace("'", "''") for email in emails)
        self.server.sql(f"INSERT INTO {self.table} (email) VALUES {rows}")
        if job:
            self.server.sql(f"UPDATE {self.table} SET verification_job_id = '{job}'")
        return self

    def tell(self, kind="bulk.completed", job="job_1", **members):
        """One event of the provider; the id it goes by."""
        body = json.dumps({"event_type": kind, "webhook_id": f"evt-{self.name}-{next(NUMBERS)}",
                           "job_id": job, "download_url": f"{self.provider.url}/results",
                           **members}).encode()
        knock(self.program, self.name, body).expect(200)

    def deliveries(self):
        return self.program.pages(f"/v1/deliveries?source={self.name}")

    def wait(self, status="delivered", count=1, seconds=60):
        """The newest delivery, once so many have that status."""
        def there():
            found = [one for one in self.deliveries() if one["status"] == status]
            return found if len(found) >= count else None
        return wait_until(there, seconds, lambda: f"{count} {status}: {self.deliveries()}")[0]

    def rows(self, what=STATE):
        return self.server.sql(f"SELECT {what} FROM {self.table} ORDER BY email COLLATE \"C\"")
