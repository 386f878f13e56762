"""What tests share that kill the program while it delivers: a receiver that is as bad as its seed
says, and the time between two kills."""
import collections
import json
import random
import socket
import threading
import time

from hostile import read_request
from processes import wait_until

STALL_SECONDS = 20          # longer than an attempt may take
ANSWERS = {"accept": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
           "refuse": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"}


def live_for(seconds):
    """The program works undisturbed for that long: time itself is the condition."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 5, "the program's life")


class Sink:
    """Answers in one of `ways`, {way: weight}, and counts what arrives whole, by the webhook_id in
    the body and the webhook-id in the headers."""

    def __init__(self, seed, ways):
        self.chance = random.Random(seed)
        self.weights = ways
        self.lock = threading.Lock()
        self.ways = collections.Counter()
        self.names = collections.defaultdict(collections.Counter)
        self.accepted = set()
        self.healed = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                way = self.count(read_request(connection))
                if way == "stall":
                    connection.settimeout(STALL_SECONDS)
                    connection.recv(1)      # until the other side has gone
                elif way in ANSWERS:
                    connection.sendall(ANSWERS[way])
        except OSError:
            pass    # it was killed, or has given up

    def count(self, request):
        """What to answer; nothing to a request that was cut off."""
        head, _, body = request.partition(b"\r\n\r\n")
        try:
            inside = json.loads(body)["webhook_id"]
        except ValueError:
            return None
        headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        names = {name.lower(): value.decode() for name, value in headers.items()}
        with self.lock:
            way = "accept" if self.healed else self.chance.choices(*zip(*self.weights.items()))[0]
            self.ways[way] += 1
            self.names[inside][names[b"webhook-id"]] += 1
            if way == "accept":
                self.accepted.add(inside)
        return way

    def repeated(self):
        return sum(names.total() for names in self.names.values()) - len(self.names)

    def close(self):
        self.listener.close()
