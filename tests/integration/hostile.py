"""Endpoints that misbehave, each a listener of its own on loopback: what they do is a table."""
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\n"
NEVER = 3600


def read_request(connection):
    """Head and body; what the peer sends is ours and well formed."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n")
               if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(connection.recv(65536)) or missing
    return data


def answer(text):
    def script(connection, _):
        read_request(connection)
        connection.sendall(text)
    return script


def flood(head, piece):
    """Without an end, as fast as it is taken."""
    def script(connection, _):
        read_request(connection)
        connection.sendall(head)
        while True:
            connection.sendall(piece)
    return script


def drip(head, stopped):
    """A byte each half second."""
    def script(connection, _):
        read_request(connection)
        connection.sendall(head)
        while not stopped.wait(0.5):
            connection.sendall(b"x")
    return script


def reset(connection, _):
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(stopped):
    def script(connection, _):
        connection.recv(1)
        stopped.wait(NEVER)
    return script


def redirect(connection, server):
    read_request(connection)
    target = f"http://127.0.0.1:{server.forbidden.getsockname()[1]}/inside"
    connection.sendall(f"HTTP/1.1 307 There\r\nLocation: {target}\r\n"
                       "Content-Length: 0\r\n\r\n".encode())


def tls_with(context):
    """Speaks TLS as well as it can with this certificate."""
    def script(connection, _):
        with context.wrap_socket(connection, server_side=True) as secure:
            answer(OK + b"Content-Length: 0\r\n\r\n")(secure, None)
    return script


def hello_then(text):
    def script(connection, _):
        connection.recv(65536)
        connection.sendall(text)
    return script


def plain_kinds(stopped):
    """name: (script, what the log is to say: an error class, or a status)."""
    bomb = OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"
    return {
        "never-answers": (silent(stopped), "timeout"),
        "drips-its-head": (drip(OK + b"X: ", stopped), "timeout"),
        "drips-its-body": (drip(OK + b"Content-Length: 1000\r\n\r\n", stopped), "timeout"),
        "endless-headers": (flood(OK, b"X-More: and more\r\n"), "too_large"),
        "endless-interim": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "too_large"),
        "endless-body": (flood(OK + b"\r\n", b"z" * 65536), 200),
        "endless-refusal": (flood(b"HTTP/1.1 500 No\r\n\r\n", b"z" * 65536), 500),
        "gigabyte": (flood(OK + b"Content-Length: 1073741824\r\n\r\n", b"\0" * 65536), 200),
        "bomb": (answer(bomb), 200),
        "closes-at-once": (answer(b""), "connection_lost"),
        "closes-in-its-head": (answer(OK + b"X-Half: "), "connection_lost"),
        "closes-in-its-body": (answer(OK + b"Content-Length: 9\r\n\r\nabc"), "connection_lost"),
        "resets": (reset, "connection_lost"),
        "more-than-it-says": (answer(OK + b"Content-Length: 2\r\n\r\nabcdef"), 200),
        "negative-length": (answer(OK + b"Content-Length: -5\r\n\r\nabc"), "protocol"),
        "no-http": (answer(b"<html>hello</html>\r\n"), "protocol"),
        "ssh": (answer(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "protocol"),
        "switches": (answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\nabc"), "protocol"),
        "redirects-inside": (redirect, 307),
        "busy-for-ever": (answer(b"HTTP/1.1 429 Busy\r\nRetry-After: 99999999999999999999\r\n"
                                 b"Content-Length: 0\r\n\r\n"), 429),
        "closed-for-years": (answer(b"HTTP/1.1 503 No\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT"
                                    b"\r\nContent-Length: 0\r\n\r\n"), 503),
    }


def tls_kinds(folder, stopped):
    return {
        "tls-not-at-all": (hello_then(OK + b"Content-Length: 0\r\n\r\n"), "tls"),
        "tls-garbage": (hello_then(b"\x16\x03\x03\x00\x04junk"), "tls"),
        "tls-silent": (silent(stopped), "timeout"),
        "tls-of-nobody": (tls_with(self_signed(folder, "127.0.0.1", 30)), "tls"),
        "tls-of-another": (tls_with(self_signed(folder, "192.0.2.1", 30)), "tls"),
    }


def self_signed(folder, address, days):
    """A server's TLS context for a certificate that nobody vouches for."""
    files = [Path(folder) / f"{address}.{kind}" for kind in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=hostile", "-days", str(days),
                    "-addext", f"subjectAltName=IP:{address}", "-out", str(files[0]), "-keyout",
                    str(files[1])], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


class Hostile:
    """All of them: `kinds` is {name: (URL, what the log is to say)}."""

    def __init__(self, folder):
        self.stopped = threading.Event()
        self.listeners = []
        self.forbidden = self.listen()      # nobody is to come here
        self.forbidden.setblocking(False)
        self.kinds = {}
        for scheme, table in (("http", plain_kinds(self.stopped)),
                              ("https", tls_kinds(folder, self.stopped))):
            for name, (script, expected) in table.items():
                self.kinds[name] = (f"{scheme}://127.0.0.1:{self.serve(script)}/{name}", expected)

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listeners.append(listener)
        return listener

    def serve(self, script):
        listener = self.listen()
        threading.Thread(target=self.accept, args=(listener, script), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, script):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.play, args=(connection, script), daemon=True).start()

    def play(self, connection, script):
        try:
            with connection:
                script(connection, self)
        except OSError:
            pass    # the other side has had enough

    def visitors_inside(self):
        """How many came to the forbidden listener, and are still in its queue."""
        count = 0
        while True:
            try:
                self.forbidden.accept()[0].close()
                count += 1
            except BlockingIOError:
                return count

    def close(self):
        self.stopped.set()
        for listener in self.listeners:
            listener.close()
