"""An answer of 200 at the door is a receipt: what was answered so is there once and processed once,
whatever is killed and however often it comes; and nothing that was refused is there.

VERIHOOK_RECEIPT_KILLS says how often the program is killed (6), VERIHOOK_RECEIPT_ROUNDS how many
events are sent fifty times at once (20), VERIHOOK_SEED when and what.
"""
import collections
import http.client
import itertools
import json
import os
import random
import socket
import threading

from kills import Sink, live_for
from processes import wait_until
from program import Program
from receivers import SECRET, door, knock, now, signature, signed

KILLS = int(os.environ.get("VERIHOOK_RECEIPT_KILLS", "6"))
ROUNDS = int(os.environ.get("VERIHOOK_RECEIPT_ROUNDS", "20"))
SEED = int(os.environ.get("VERIHOOK_SEED", "4711"))
SENDERS = 4
BURST = 25                  # requests of each sender in each life
LIFE_SECONDS = 0.6          # at most, between a start and the kill
AT_ONCE = 50
FORGED, REPEATED = 0.1, 0.15        # of all requests
WAYS = {"accept": 85, "refuse": 10, "close": 5}     # of 100


class Provider:
    """Sends events as providers do: again until they are answered with 200, and now and then once
    more. Somebody else sends forged ones in between."""

    def __init__(self, program, seed):
        self.program = program
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.numbers = itertools.count()
        self.open = []              # sent and not answered
        self.acknowledged = set()
        self.forged = set()
        self.answers = collections.Counter()

    def next(self):
        """(id, whether it is forged)"""
        with self.lock:
            if self.chance.random() < FORGED:
                name = f"forged_{next(self.numbers)}"
                self.forged.add(name)
                return name, True
            if self.open:
                return self.open.pop(), False
            if self.acknowledged and self.chance.random() < REPEATED:
                return self.chance.choice(sorted(self.acknowledged)[-100:]), False
            return f"event_{next(self.numbers)}", False

    def note(self, name, forged, status, answer):
        with self.lock:
            self.answers[status, bool(answer.get("duplicate"))] += 1
            if forged:
                assert status == 401, (name, status, answer)
            elif status == 200:
                self.acknowledged.add(name)
            else:
                self.open.append(name)

    def send(self, connection, name, forged=False):
        body = json.dumps({"event_type": "receipt.test", "webhook_id": name,
                           "timestamp": now()}).encode()
        connection.request("POST", "/webhooks/receipts", body, {
            "Content-Type": "application/json",
            **signed(body, "of nobody" if forged else SECRET)})
        response = connection.getresponse()
        self.note(name, forged, response.status, json.loads(response.read()))

    def burst(self):
        """Until it has had enough or the program is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=30)
        for _ in range(BURST):
            name, forged = self.next()
            try:
                self.send(connection, name, forged)
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.open += [] if forged else [name]
                return
        connection.close()

    def finish(self):
        """Whatever has no answer yet is sent until it has."""
        while self.open:
            connection = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=30)
            self.send(connection, self.open.pop())
            connection.close()


def live_and_die(program, provider, seconds):
    senders = [threading.Thread(target=provider.burst, daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    live_for(seconds)
    program.kill()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    program.start()


def test_what_is_answered_200_is_there_once_and_processed_once_whatever_is_killed(tmp_path):
    print(f"VERIHOOK_RECEIPT_KILLS={KILLS} VERIHOOK_SEED={SEED}")
    chance = random.Random(SEED)
    sink = Sink(SEED, WAYS)
    program = Program(tmp_path / "program")
    try:
        program.start()
        door(program, "receipts")
        program.post("/v1/destinations", {
            "name": "sink", "kind": "http", "url": sink.url, "sources": ["receipts"],
            "retry_schedule": [0.05, 0.1, 0.2]}, 201)
        provider = Provider(program, SEED)
        for _ in range(KILLS):
            live_and_die(program, provider, chance.uniform(0, LIFE_SECONDS))
        provider.finish()
        sink.healed = True
        settle(program)
        check(program, sink, provider)
    finally:
        program.close()
        sink.close()


def settle(program):
    """Every delivery arrives at last; a dead letter is requeued, as its owner would."""
    def settled():
        program.call("POST", "/v1/dead-letters/requeue", {}).expect(202)
        return not any(program.get(f"/v1/deliveries?status={status}&limit=1")["data"]
                       for status in ("pending", "dead"))
    # A breaker may be open for a minute.
    wait_until(settled, 180, "the end of every delivery")


def check(program, sink, provider):
    events = program.pages("/v1/events?source=receipts")
    kept = collections.Counter(json.loads(event["payload"])["webhook_id"] for event in events)
    deliveries = program.pages("/v1/deliveries")
    print(f"{len(kept)} kept; (status, duplicate) {dict(provider.answers)}; the sink's ways "
          f"{dict(sink.ways)}, {sink.repeated()} repeated")
    assert provider.acknowledged and provider.forged
    # Once, and all of them: what had no answer was sent until it had one.
    assert kept == collections.Counter(dict.fromkeys(provider.acknowledged, 1))
    assert {event["status"] for event in events} == {"processed"}
    ids = collections.Counter(delivery["event_id"] for delivery in deliveries)
    assert ids == collections.Counter(event["event_id"] for event in events)
    # At the receiver each has one id by which it is known again, and was taken.
    assert all(len(names) == 1 for names in sink.names.values()), sink.names
    assert sink.accepted == provider.acknowledged
    assert len({name for names in sink.names.values() for name in names}) == len(kept)


class Connections:
    """Fifty of them, all of which have sent before one of them reads."""

    def __init__(self, port):
        self.port = port
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(AT_ONCE)]
        self.readers = [one.makefile("rb") for one in self.sockets]

    def send_everywhere(self, path, body):
        """(status, object) of each answer."""
        head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"Content-Type: application/json\r\nX-Webhook-Signature: {signature(body)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        for one in self.sockets:
            one.sendall(head.encode() + body)
        return [self.read(reader) for reader in self.readers]

    @staticmethod
    def read(reader):
        status = int(reader.readline().split()[1])
        length = 0
        while (line := reader.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, json.loads(reader.read(length))

    def close(self):
        for one in self.readers + self.sockets:
            one.close()


def test_an_event_that_comes_fifty_times_at_once_is_stored_once(own_program):
    door(own_program, "crowd")
    connections = Connections(own_program.port)
    try:
        for number in range(ROUNDS):
            body = json.dumps({"webhook_id": f"evt_{number}", "timestamp": now()}).encode()
            answers = connections.send_everywhere("/webhooks/crowd", body)
            assert all(status == 200 and answer["received"] for status, answer in answers), answers
            assert sum("duplicate" not in answer for _, answer in answers) == 1, answers
    finally:
        connections.close()
    kept = [json.loads(event["payload"])["webhook_id"]
            for event in own_program.pages("/v1/events?source=crowd")]
    assert sorted(kept) == sorted(f"evt_{number}" for number in range(ROUNDS))
    last = json.dumps({"webhook_id": f"evt_{ROUNDS - 1}", "timestamp": now()}).encode()
    assert knock(own_program, "crowd", last).expect(200) == {"received": True, "duplicate": True}
