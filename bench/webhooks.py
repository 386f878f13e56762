"""Webhooks received and sent: accepted events, deliveries, a backlog, latency."""
import json
import socket
import sqlite3
import subprocess
import time

from harness import (
    ROOT, SECONDS, SECRET, SIGNATURE, compiled, free_port, printed, signed_posts, stop,
    wait_for, wrk)


def bench_events(program, nginx, folder):
    program.call("POST", "/v1/sources", {
        "name": "bench", "verifier": {"kind": "hmac", "secrets": [SECRET]}})
    with Redis(folder / "redis") as redis, ExpressBull(redis) as node:
        return [events_at(connections, program, nginx, node, folder) for connections in (64, 256)]


def events_at(connections, program, nginx, node, folder):
    """Each with ids of its own, so that none is a duplicate; signed within the tolerance."""
    posts = folder / f"posts{connections}.txt"
    signed_posts(posts, 40_000 * SECONDS)
    commits, stored = (program.metric("verihook_store_commits_total"),
                       program.call("GET", "/metrics/webhooks")["received"])
    ours, _, p99 = wrk(program.url + "/webhooks/bench", posts, connections)
    commits = program.metric("verihook_store_commits_total") - commits
    stored = program.call("GET", "/metrics/webhooks")["received"] - stored
    peer, _, peer99 = wrk(nginx.url, posts, connections)
    express, _, express99 = wrk(node.url, posts, connections)
    return (f"accepted events/s over {connections} connections (signature checked, deduplicated, "
            "fsynced)", f"{ours:,.0f}",
            f"nginx `return 200`: {peer:,.0f}; Express with bull: {express:,.0f}",
            f"{ours / peer:.2f} of nginx, {ours / express:.1f} of Express",
            f"p99 {p99:.1f} ms, nginx {peer99:.1f}, Express {express99:.1f}; {stored:,} stored in "
            f"{commits:,.0f} commits")


def bench_deliveries(program, nginx, folder):
    count = 100_000
    body_bytes = 430
    loop = compiled(folder, "curl_loop", "-lcurl")
    program.call("POST", "/v1/sources", {"name": "fan", "verifier": {"kind": "none"}})
    # Held back while events come in: what has piled up at the end of the load is timed.
    sink = program.call("POST", "/v1/destinations", {
        "name": "sink", "kind": "http", "url": nginx.url, "sources": ["fan"], "max_in_flight": 64,
        "rate_per_second": 0.001})["destination_id"]
    posts = folder / "fan.txt"
    signed_posts(posts, count)
    subprocess.run(["wrk", "-t1", "-c64", "-d6s", "-s", ROOT / "bench/posts.lua",
                    program.url + "/webhooks/fan", "--", posts, SIGNATURE],
                   capture_output=True, check=True)
    pending = 'verihook_deliveries{state="pending"}'
    piled_up = program.metric(pending)
    sent_before = nginx.requests()
    cpu = program.cpu_seconds()
    begin = time.monotonic()
    program.call("PATCH", "/v1/destinations/" + sink, {"rate_per_second": 0})
    wait_for(lambda: nginx.requests() - sent_before >= piled_up, "the end of the queue", 120, 0.05)
    wait_for(lambda: program.metric(pending) == 0, "the last delivery's record")
    ours = piled_up / (time.monotonic() - begin)
    cpu = (program.cpu_seconds() - cpu) / piled_up * 1e6
    peer = printed(loop, nginx.url, count, 64, body_bytes)
    node = node_sender(folder, nginx.url, count // 4, 64, body_bytes)
    return ("deliveries/s (signed, attempt logged and fsynced)", f"{ours:,.0f}",
            f"bare libcurl loop: {peer:,.0f}; Node with bullmq: {node:,.0f}",
            f"{ours / peer:.2f} of the loop, {ours / node:.1f} of Node",
            f"{piled_up:,.0f} sent, {cpu:.0f} µs of CPU each")


def bench_backlog(program, nginx, _folder):
    endpoints, events, per_second = 10_000, 100, 0.01
    program.call("POST", "/v1/sources", {"name": "fan", "verifier": {"kind": "none"}})
    begin = time.monotonic()
    for i in range(endpoints):
        program.call("POST", "/v1/destinations", {
            "name": f"sink{i}", "kind": "http", "url": f"{nginx.url}{i}", "sources": ["fan"],
            "rate_per_second": per_second})
    creating = time.monotonic() - begin
    begin = time.monotonic()
    for i in range(events):
        program.call("POST", "/webhooks/fan", {
            "event_type": "bulk.completed", "webhook_id": f"evt_{i}", "job_id": f"job_{i}",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    loading = time.monotonic() - begin
    queued = program.metric('verihook_deliveries{state="pending"}')
    loading_peak = program.peak_mib()
    program.stop()
    sent_before = nginx.requests()
    begin = time.monotonic()
    program.start()
    ready = time.monotonic() - begin
    wait_for(lambda: nginx.requests() > sent_before, "the first delivery")
    first = time.monotonic() - begin
    # Each endpoint is allowed one at once, and the next after a hundred seconds.
    wait_for(lambda: nginx.requests() - sent_before >= endpoints, "one delivery to each endpoint")
    each = time.monotonic() - begin
    return (f"s from the start to /readyz with {endpoints:,} endpoints and a million deliveries "
            "queued", f"{ready:.2f}", "limit: 5", f"{ready / 5:.2f}",
            f"{queued:,.0f} queued by {events} events in {loading:.0f} s; the first delivery after "
            f"{first:.2f} s, one to each endpoint after {each:.1f} s; peak memory "
            f"{program.peak_mib():,.0f} MiB, {loading_peak:,.0f} MiB while they came; "
            f"{endpoints / creating:,.0f} endpoints/s created")


def bench_retention(program, nginx, folder):
    """What is too old is removed at the start, while webhooks come in."""
    for name, verifier in (("bench", {"kind": "hmac", "secrets": [SECRET]}),
                           ("old", {"kind": "none"})):
        program.call("POST", "/v1/sources", {"name": name, "verifier": verifier})
    program.call("POST", "/v1/destinations", {
        "name": "sink", "kind": "http", "url": nginx.url, "sources": ["old"], "max_in_flight": 64})
    posts = folder / "posts.txt"
    signed_posts(posts, 60_000 * SECONDS)
    door = program.url + "/webhooks/bench"
    def kept():
        return program.call("GET", "/metrics/webhooks")["received"]
    wrk(program.url + "/webhooks/old", posts)
    wait_for(lambda: program.metric('verihook_deliveries{state="pending"}') == 0, "the deliveries")
    old = kept()
    alone, _, alone99 = wrk(door, posts)
    fresh = kept() - old
    program.stop()
    signed_posts(posts, 60_000 * SECONDS)
    make_old(folder / "verihook" / "verihook.db", "old")
    program.environment["VERIHOOK_RETENTION_DAYS"] = "1"
    begin = time.monotonic()
    program.start()
    beside, more, beside99 = wrk(door, posts)
    # What was on its way at the end of the load is stored, too.
    wait_for(lambda: kept() <= fresh + more + 256, "the end of the removal", 120)
    took = time.monotonic() - begin
    return ("events/s removed because they are too old, each with its delivery and attempt, while "
            "webhooks come in", f"{old / took:,.0f}",
            f"accepted meanwhile: {beside:,.0f}/s; without removal: {alone:,.0f}/s",
            f"{beside / alone:.2f} of the door alone",
            f"p99 {beside99:.1f} ms, alone {alone99:.1f}; {old:,} events removed in {took:.0f} s")


def make_old(path, source):
    """Ids begin with their time."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TEMP TABLE aged AS SELECT id FROM events WHERE source_name = ?",
                   (source,))
        db.execute("UPDATE events SET id = 'evt_0000' || substr(id, 9)"
                   " WHERE id IN (SELECT id FROM aged)")
        db.execute("UPDATE deliveries SET event_id = 'evt_0000' || substr(event_id, 9)"
                   " WHERE event_id IN (SELECT id FROM aged)")
    db.close()


class Redis:
    """One of its own, whose log is flushed each second: more it does not do for a queue."""

    def __init__(self, home):
        home.mkdir()
        self.port = free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--dir", home, "--save", "", "--appendonly",
             "yes", "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL)

    def __enter__(self):
        wait_for(lambda: socket.create_connection(("127.0.0.1", self.port)).close() is None,
                 "Redis")
        return self

    def __exit__(self, *_):
        stop(self.process)


class ExpressBull:
    """bench/peers/express-bull: one process, as node is run when nobody says otherwise."""

    def __init__(self, redis):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(
            ["node", ROOT / "bench/peers/express-bull/receive.mjs", str(port), str(redis.port),
             SECRET], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.process.stdout.readline()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(60)


def node_sender(folder, url, count, in_flight, body_bytes):
    """Deliveries per second of bench/peers/node-sender."""
    with Redis(folder / "redis") as redis:
        return printed("node", ROOT / "bench/peers/node-sender/send.mjs", url, redis.port, count,
                       in_flight, body_bytes)


def bench_latency(program, _nginx, _folder):
    rate, count = 200, 4_000
    port = free_port()
    peer = subprocess.Popen(["node", ROOT / "bench/peers/event_latency.mjs", str(port)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(events):
        peer.stdin.write(json.dumps({"url": program.url + "/webhooks/quick", "rate": rate,
                                     "count": events}) + "\n")
        peer.stdin.flush()
        return json.loads(peer.stdout.readline())
    try:
        peer.stdout.readline()
        program.call("POST", "/v1/sources", {"name": "quick", "verifier": {"kind": "none"}})
        program.call("POST", "/v1/destinations", {
            "name": "back", "kind": "http", "url": f"http://127.0.0.1:{port}/",
            "sources": ["quick"]})
        ask(rate)       # so that both sides have done it before
        seen = ask(count)
    finally:
        peer.kill()
        peer.wait(60)
    return [latency_row(f"ms from an event's acknowledgement to its endpoint, p95 at {rate}/s",
                        seen["after"], count),
            latency_row(f"ms from a webhook's arrival to where it is forwarded, p95 at {rate}/s",
                        seen["whole"], count)]


def latency_row(what, seen, count):
    return (what, f"{seen['p95']:.1f}", "limit: 10", f"{seen['p95'] / 10:.2f}",
            f"p50 {seen['p50']:.1f}, p99 {seen['p99']:.1f}; {count:,} events")
