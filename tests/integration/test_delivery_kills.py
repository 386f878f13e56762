"""kill -9 while events are delivered to a sink that answers 200, 500, nothing or never, by a seed:
every event arrives, always with the same id, and every delivery is accounted for.

VERIHOOK_DELIVERY_KILLS says how often (6), VERIHOOK_SEED when and what the sink does.
"""
import collections
import http.client
import os
import random
import threading

from kills import Sink, live_for
from processes import wait_until
from program import Program
from receivers import endpoint

KILLS = int(os.environ.get("VERIHOOK_DELIVERY_KILLS", "6"))
SEED = int(os.environ.get("VERIHOOK_SEED", "4711"))
ENDPOINTS = 4
BURST = 20                  # events asked for in each life
LIFE_SECONDS = 0.6          # at most, between a start and the kill
WAYS = {"accept": 55, "refuse": 20, "close": 15, "stall": 10}     # of 100


class Asker(threading.Thread):
    """Asks for events one after another, until it has had enough or the program is gone."""

    def __init__(self, program, hooks):
        super().__init__(daemon=True)
        self.program, self.hooks = program, hooks
        self.acknowledged = []
        self.start()

    def run(self):
        for number in range(BURST):
            hook = self.hooks[number % len(self.hooks)]
            try:
                answer = self.program.call("POST", f"/v1/webhooks/{hook}/test", {})
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 202:
                self.acknowledged.append(answer.json()["event_id"])


def live_and_die(program, hooks, seconds):
    """What was acknowledged before the kill."""
    asker = Asker(program, hooks)
    live_for(seconds)
    program.kill()
    asker.join(60)
    assert not asker.is_alive()
    program.start()
    if asker.acknowledged:
        program.get(f"/v1/events/{asker.acknowledged[-1]}")
    return asker.acknowledged


def test_what_is_created_is_delivered_dead_or_pending_whatever_is_killed(tmp_path):
    print(f"VERIHOOK_DELIVERY_KILLS={KILLS} VERIHOOK_SEED={SEED}")
    chance = random.Random(SEED)
    sink = Sink(SEED, WAYS)
    program = Program(tmp_path / "program")
    try:
        program.start()
        hooks = [endpoint(program, f"{sink.url}/{number}", ["webhook.test"],
                          retry_schedule=[0.05, 0.1, 0.2]) for number in range(ENDPOINTS)]
        acknowledged = set()
        for _ in range(KILLS):
            acknowledged.update(live_and_die(program, hooks, chance.uniform(0, LIFE_SECONDS)))
        sink.healed = True
        # A breaker may be open for a minute, and an attempt stall for its whole time.
        wait_until(lambda: not program.get("/v1/deliveries?status=pending&limit=1")["data"], 120,
                   "the end of every delivery")
        check(program, sink, acknowledged)
    finally:
        program.close()
        sink.close()


def check(program, sink, acknowledged):
    created = {event["event_id"] for event in program.pages("/v1/events?type=webhook.test")}
    deliveries = program.pages("/v1/deliveries")
    states = collections.Counter(delivery["status"] for delivery in deliveries)
    print(f"{len(acknowledged)} acknowledged, {len(created)} created, {dict(states)}; the sink's "
          f"ways {dict(sink.ways)}, {sink.repeated()} repeated")
    assert acknowledged and acknowledged <= created, acknowledged - created
    assert states["delivered"] + states["dead"] + states["pending"] == len(created)
    assert {delivery["event_id"] for delivery in deliveries} == created
    assert set(sink.names) == created, set(sink.names) ^ created
    delivered = {d["event_id"] for d in deliveries if d["status"] == "delivered"}
    assert delivered <= sink.accepted, delivered - sink.accepted
    assert all(set(names) == {inside} for inside, names in sink.names.items()), sink.names
