#!/usr/bin/env python3
"""A webhook receiver for verihook in plain Python, without dependencies.

  WEBHOOK_SECRET=whsec_… python3 receiver.py          listens on http://127.0.0.1:3000/
  PORT=0 HOST=0.0.0.0 EVENTS_FILE=events.jsonl        other places; 0 takes a free port

What it shows, in the order in which it matters:
  1. The signature is checked over the raw bytes of the body, before anything parses them.
  2. A body whose timestamp is more than 300 seconds off is refused: it may be a replay.
  3. An event is written to disk before it is acknowledged, and known by its webhook_id afterwards:
     deliveries are repeated until one is acknowledged, so each may come twice.
  4. The work is done after the answer, so that a slow database does not make the sender retry.
"""
import base64
import hashlib
import hmac
import json
import os
import queue
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_MAX = 1024 * 1024
TOLERANCE_SECONDS = 300


def verify_signature(secret, body, signature):
    """The simple way: the HMAC-SHA256 of the body in hexadecimal, the secret's text its key."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def verify_standard_webhook(secret, headers, body):
    """The other way, Standard Webhooks 1.0: id and time are signed along with the body.

    Several signatures stand there while a secret is being rotated; one of them has to be right.
    """
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret[len("whsec_"):])
    head = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}."
    mac = hmac.new(key, head.encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in given)


def is_timestamp_valid(timestamp):
    """Whether an ISO 8601 time is near enough to now; False where there is none."""
    try:
        moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    except (AttributeError, ValueError):
        return False
    return abs(time.time() - moment) <= TOLERANCE_SECONDS


class Events:
    """The events that were acknowledged: a file of JSON lines, and the set of their ids."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a+b", buffering=0)
        self.file.seek(0)
        text = self.file.read()
        # A last line without its end was cut off by a crash, and never acknowledged.
        self.end = text.rfind(b"\n") + 1
        self.known = {json.loads(line)["webhook_id"] for line in text[:self.end].splitlines()}

    def add(self, event):
        """False when it was here before. When it returns True the event is on disk."""
        line = json.dumps(event).encode() + b"\n"
        with self.lock:
            if event["webhook_id"] in self.known:
                return False
            self.file.truncate(self.end)    # whatever a write that failed has left there
            if self.file.write(line) < len(line):
                raise OSError("the disk is full")
            os.fsync(self.file.fileno())
            self.end += len(line)
            self.known.add(event["webhook_id"])
            return True


def handle(event):
    """Here your work begins. It is called once for each event, after the sender has its answer."""
    kind, job = event.get("event_type"), event.get("job_id")
    if kind == "bulk.completed":
        summary = event["summary"]
        print(f"job {job}: {summary['valid']} of {summary['total']} valid", flush=True)
        print(f"  results: {event['download_url']}", flush=True)
    elif kind == "bulk.failed":
        print(f"job {job} failed: {event['error_code']}, {event['error_message']}", flush=True)
    elif kind == "bulk.progress":
        print(f"job {job}: {event['percent_complete']} % done", flush=True)
    else:
        print(f"event {kind}", flush=True)


def receive(secret, events, work, headers, body):
    """Answers (status, object)."""
    signature = headers.get("X-Webhook-Signature")
    if not signature:
        return 401, {"error": "Missing signature"}
    if not verify_signature(secret, body, signature):
        return 401, {"error": "Invalid signature"}
    if "webhook-signature" in headers and not verify_standard_webhook(secret, headers, body):
        return 401, {"error": "Invalid signature"}
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict) or not isinstance(event.get("webhook_id"), str):
        return 400, {"error": "Invalid JSON"}
    if not is_timestamp_valid(event.get("timestamp")):
        return 400, {"error": "Invalid timestamp"}
    try:
        if not events.add(event):
            return 200, {"received": True, "duplicate": True}
    except OSError as problem:
        print(problem, file=sys.stderr)
        return 503, {"error": "Temporarily unavailable; send it again"}
    work.put(event)
    return 200, {"received": True}


class Server(ThreadingHTTPServer):
    request_queue_size = 128    # connections that wait to be taken; 5 without this


def make_handler(secret, events, work):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # the name is http.server's
            size = int(self.headers.get("Content-Length") or 0)
            if size > BODY_BYTES_MAX:
                self.close_connection = True
                return self.answer(413, {"error": "Payload too large"})
            return self.answer(*receive(secret, events, work, self.headers, self.rfile.read(size)))

        def do_GET(self):
            self.answer(405, {"error": "Method not allowed"})

        do_PUT = do_PATCH = do_DELETE = do_GET

        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Addresses and requests are not for the log."""

    return Handler


def main():
    secret = os.environ.get("WEBHOOK_SECRET")
    if not secret:
        print("set WEBHOOK_SECRET to the secret that the registration of the webhook gave",
              file=sys.stderr)
        return 2
    events = Events(os.environ.get("EVENTS_FILE", "events.jsonl"))
    work = queue.Queue()

    def work_off():
        while True:
            handle(work.get())
    threading.Thread(target=work_off, daemon=True).start()

    place = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "3000")))
    server = Server(place, make_handler(secret, events, work))
    print(f"listening on http://{server.server_address[0]}:{server.server_address[1]}/", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
