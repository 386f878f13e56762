"""Servers and commands that received events are handed to, and how a test hands them over."""
import base64
import email
import email.policy
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import receivers
from lab_servers import Exim
from processes import Process, accepts_connections, free_port, wait_until
from receivers import door

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


class Nats(Service):
    """nats-server with JetStream, and a client of its own to look into it."""

    def __init__(self, folder, *more, connect=None, certificate=None):
        super().__init__(folder, "nats")
        self.more, self.options, self.certificate = more, connect or {}, certificate

    def arguments(self):
        return ["nats-server", "--addr", "127.0.0.1", "--port", self.port, "--jetstream",
                "--store_dir", self.folder, *self.more]

    def url(self, credentials="", scheme="nats"):
        return f"{scheme}://{credentials}127.0.0.1:{self.port}"

    def ask(self, subject, request=None):
        """What JetStream's API answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            plain = connection.makefile("rb")
            assert plain.readline().startswith(b"INFO ")
            if self.certificate:
                connection = ssl.create_default_context(cafile=self.certificate).wrap_socket(
                    connection, server_hostname="127.0.0.1")
            lines = connection.makefile("rb")
            body = json.dumps(request or {})
            connection.sendall(
                f"CONNECT {json.dumps({'verbose': False, **self.options})}\r\nSUB answer 1\r\n"
                f"PUB $JS.API.{subject} answer {len(body)}\r\n{body}\r\n".encode())
            while not (line := lines.readline()).startswith(b"MSG "):
                assert line and not line.startswith(b"-ERR"), line
            return json.loads(lines.read(int(line.split()[-1])))

    def make_stream(self, name, *subjects, **more):
        made = self.ask(f"STREAM.CREATE.{name}", {"name": name, "subjects": subjects, **more})
        assert "error" not in made, made

    def messages(self, stream):
        """The headers, subject and bytes of each message, oldest first."""
        state = self.ask(f"STREAM.INFO.{stream}")["state"]
        found = []
        for number in range(state["first_seq"], state["last_seq"] + 1):
            message = self.ask(f"STREAM.MSG.GET.{stream}", {"seq": number})["message"]
            lines = base64.b64decode(message["hdrs"]).decode().split("\r\n")[1:]
            headers = dict(line.split(": ", 1) for line in lines if line)
            found.append((headers, message["subject"],
                          base64.b64decode(message.get("data", ""))))
        return found


class Chat:
    """Takes what a chat's incoming webhook takes, and keeps it."""

    def __init__(self, port=0):
        self.requests = []      # (content type, body)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers as Slack does."""

            def do_POST(self):      # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.headers["Content-Type"], body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format, *args):   # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts(self):
        return [json.loads(body)["text"] for _, body in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


MAIL_SERVER_CONF = """
primary_hostname = mx.notices.test
domainlist here = notices.test
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
local_interfaces = 127.0.0.1
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
deliver_drop_privilege = true
acl_smtp_rcpt = recipient
acl_smtp_data = accept
begin acl
recipient:
  deny domains = !+here
       message = relay not permitted
  require verify = recipient
  accept
begin routers
known:
  driver = accept
  domains = +here
  local_parts = ops
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = {mails}
  maildir_format
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{me}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""


class MailServer(Exim):
    """An Exim that keeps what it is given for ops@notices.test; `me` may sign in."""

    PASSWORD = "sesame-4d1"

    def __init__(self):
        # Whoever writes the mails sees no folder of pytest's.
        folder = Path(tempfile.mkdtemp(prefix="verihook-mail-"))
        folder.chmod(0o755)
        super().__init__(folder / "server", "127.0.0.1", free_port(), "mx.notices.test",
                         "notices.test", ["ops"])
        self.tls_port = free_port()
        self.mails = folder / "mails"
        self.mails.mkdir()
        self.mails.chmod(0o777)
        self.certificate = self_signed(folder)
        self.key = self.certificate.with_name("key.pem")
        self.key.chmod(0o644)

    def configuration(self):
        return MAIL_SERVER_CONF.format(
            folder=self.folder, port=self.port, tls_port=self.tls_port, mails=self.mails,
            certificate=self.certificate, key=self.key, password=self.PASSWORD)

    def received(self):
        """The mails, oldest first."""
        files = sorted(self.mails.glob("new/*"), key=lambda file: file.stat().st_mtime_ns)
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                for file in files]

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def self_signed(folder):
    """A certificate for 127.0.0.1 that is its own root; key.pem stands beside it."""
    certificate = Path(folder) / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    certificate.with_name("key.pem"), "-out", certificate, "-days", "2", "-subj",
                    "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return certificate


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
    receivers.knock(program, source, raw).expect(200)


def deliveries(program, **selection):
    query = "&".join(f"{name}={value}" for name, value in selection.items())
    return program.pages(f"/v1/deliveries?{query}")


def attempts(program, **selection):
    """Those of the one delivery that is selected, oldest first."""
    (delivery,) = deliveries(program, **selection)
    shown = program.get(f"/v1/deliveries/{delivery['delivery_id']}")
    return sorted(shown["attempts"], key=lambda attempt: attempt["number"])


def close_breaker(program, made):
    """What its owner does who knows that it is well again, and need not wait for a minute."""
    name = program.get(f"/v1/destinations/{made}")["name"]
    program.call("PATCH", f"/v1/destinations/{made}", {"name": name}).expect(200)


def wait_for_state(program, state, seconds=30, **selection):
    """The one delivery that is selected, once it is in this state."""
    seen = []

    def there():
        seen[:] = deliveries(program, **selection)
        return seen[0] if len(seen) == 1 and seen[0]["status"] == state else None
    return wait_until(there, seconds, lambda: f"one delivery that is {state}; there are {seen}")
