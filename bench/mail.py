"""Verification: SMTP, DNS mode, conversations held open, addresses alone."""
import json
import resource
import signal
import subprocess
import sys
import time

from harness import BINARY, ROOT, Program, compiled, free_port, printed, wait_for

CHUNK_ROWS = 10_000


class MailWorld:
    """bench/peers/mail_world.cc, and a verihook of its own that asks nobody else."""

    def __init__(self, folder, delay_ms=0, greet_at=0):
        self.dns, self.smtp = free_port(), free_port()
        self.process = subprocess.Popen(
            [compiled(folder, "mail_world"), str(self.dns), str(self.smtp), str(delay_ms),
             str(greet_at)],
            stdout=subprocess.PIPE, text=True)

    def start_program(self, folder, connections=50, **settings):
        self.program = Program(
            folder / "asking", VERIHOOK_DNS_SERVERS=f"127.0.0.1:{self.dns}",
            VERIHOOK_SMTP_PORT=str(self.smtp), VERIHOOK_SMTP_HELO="bench.test",
            VERIHOOK_SMTP_AUDIT_AT_START="false",
            VERIHOOK_SMTP_RECIPIENTS_PER_CONNECTION_MAX="10000",
            VERIHOOK_SMTP_LIMITS=f"* connections={connections} connections_per_minute=1000000 "
            "recipients=10000",
            **settings)

    def verify(self, folder, emails, **options):
        """Addresses per second from the end of the intake, and the job's counts."""
        path = folder / "list.json"
        path.write_text(json.dumps({"emails": emails, "options": options}))
        job = self.program.call("POST", "/v1/bulk/verify", path.read_bytes())["job_id"]
        begin = time.monotonic()
        done = wait_for(lambda: (lambda found: found if found["status"] == "completed" else None)(
            self.program.call("GET", "/v1/bulk/" + job)), "the job")
        return len(emails) / (time.monotonic() - begin), done["summary"]

    def close(self):
        """What the world saw."""
        self.process.send_signal(signal.SIGTERM)
        lines = self.process.communicate(timeout=60)[0].splitlines()
        return {name: int(number) for name, number in (line.split() for line in lines)}


def cost(seen, count):
    return ", ".join(f"{seen[name] / count:.4f} {name}"
                     for name in ("connections", "commands", "queries")) + " an address"


def verify_without_latency(folder, prefix, status):
    """Addresses/s of mailboxes that begin so and must all get that status, and what they cost."""
    folder.mkdir()
    count, domains = 200_000, 50
    world = MailWorld(folder)
    world.start_program(folder)
    speed, summary = world.verify(
        folder, [f"{prefix}{i}@b{i % domains}.test" for i in range(count)])
    if summary[status] != count:
        sys.exit(f"bench: {summary} instead of {count} {status} addresses")
    world.program.stop()
    return speed, cost(world.close(), count)


def bench_smtp(_program, _nginx, folder):
    ours, of_valid = verify_without_latency(folder / "valid", "u", "valid")
    refused, of_refused = verify_without_latency(folder / "refused", "n", "invalid")
    world = MailWorld(folder)
    loop = printed(compiled(folder, "rcpt_loop"), world.smtp, 2_000_000, 4, 50)
    npm = printed("node", ROOT / "bench/peers/deep-email-validator/measure.js", world.dns,
                  world.smtp, 10_000, 64)
    world.close()
    beside = f"deep-email-validator: {npm:,.0f}; bare pipelined RCPT loop: {loop:,.0f}"
    return [(f"addresses/s over SMTP on a loopback server without latency, {what}",
             f"{speed:,.0f}", beside,
             f"{speed / npm:.1f} of the package, {speed / loop:.2f} of the loop", spent)
            for what, speed, spent in (("all accepted", ours, of_valid),
                                       ("all refused", refused, of_refused))]


def bench_dns(_program, _nginx, folder):
    count, in_flight = 100_000, 256
    world = MailWorld(folder)
    world.start_program(folder, VERIHOOK_DNS_IN_FLIGHT_MAX=str(in_flight))
    ours, _ = world.verify(folder, [f"u@b{i}.test" for i in range(count)], smtp=False)
    world.program.stop()
    loop = printed(compiled(folder, "cares_loop", "-lcares"), world.dns, count, in_flight)
    seen = world.close()
    return ("domains/s of a list without SMTP, each another", f"{ours:,.0f}",
            f"bare c-ares loop: {loop:,.0f}", f"{ours / loop:.2f}",
            f"{(seen['queries'] - count) / count:.2f} queries an address")


def slow_world(folder, count, wanted, greet_at):
    """A job of so many domains whose servers take 200 ms for each answer: addresses/s, peak MiB
    and what the world saw."""
    folder.mkdir()
    world = MailWorld(folder, 200, greet_at)
    chunks = count // CHUNK_ROWS
    world.start_program(folder, VERIHOOK_SMTP_CONNECTIONS_MAX=str(wanted),
                        VERIHOOK_JOBS_CHUNKS_IN_PROGRESS_MAX=str(chunks),
                        VERIHOOK_SMTP_DOMAINS_IN_FLIGHT_MAX=str(wanted // chunks),
                        VERIHOOK_SMTP_BANNER_TIMEOUT_MS="120000",
                        VERIHOOK_SMTP_COMMAND_TIMEOUT_MS="120000")
    speed, summary = world.verify(folder, [f"u@b{i}.test" for i in range(count)])
    if summary["valid"] != count:
        sys.exit(f"bench: {summary} instead of {count} valid addresses")
    peak = world.program.peak_mib()
    world.program.stop()
    return speed, peak, world.close()


def bench_open(_program, _nginx, folder):
    count, aim = 100_000, 20_000
    # Each takes a descriptor here and one in the mail world; the rest is for everything else.
    wanted = min(aim, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 50)
    speed, peak, seen = slow_world(folder / "slow", count, wanted, 0)
    _, held_peak, held = slow_world(folder / "held", aim, wanted, wanted)
    return (f"addresses/s at {count:,} servers that take 200 ms for each answer", f"{speed:,.0f}",
            f"{seen['open_most']:,} conversations open at most, peak memory {peak:,.0f} MiB",
            f"with {held['open_most']:,} open at once {held_peak:,.0f} MiB", cost(seen, count))


def kib_of_a_conversation(folder, count, *certificate):
    """Peak memory for each of so many that are held open at RCPT, with TLS when there is a
    certificate."""
    folder.mkdir()
    world = MailWorld(folder)
    world.smtp = free_port()
    peer = subprocess.Popen([sys.executable, ROOT / "bench/peers/held_mail.py", str(world.smtp),
                             str(count), *certificate],
                            stdout=subprocess.PIPE, text=True)
    world.start_program(folder, VERIHOOK_SMTP_CONNECTIONS_MAX=str(count),
                        VERIHOOK_SMTP_DOMAINS_IN_FLIGHT_MAX=str(count),
                        VERIHOOK_SMTP_COMMAND_TIMEOUT_MS="120000")
    at_rest = world.program.peak_mib()
    emails = [f"u@b{i}.test" for i in range(count)]
    world.program.call("POST", "/v1/bulk/verify", {"emails": emails})
    peer.stdout.readline()
    held = world.program.peak_mib()
    peer.kill()
    world.program.stop()
    world.close()
    return (held - at_rest) * 1024 / count


def bench_tls(_program, _nginx, folder):
    count = 1_000
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=held.test"], check=True, capture_output=True)
    plain = kib_of_a_conversation(folder / "plain", count)
    encrypted = kib_of_a_conversation(folder / "encrypted", count, certificate, key)
    return (f"KiB of memory for each of {count:,} conversations held open over TLS",
            f"{encrypted:.1f}", f"without TLS: {plain:.1f}", f"{encrypted / plain:.1f}", "")


def bench_addresses(program, nginx, _folder):
    # Nobody asks the servers anything here; asleep they leave the caches of the machine alone.
    for part in (program, nginx):
        part.process.send_signal(signal.SIGSTOP)
    build = BINARY.parent
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["cmake", "-S", ROOT, "-B", build, "-DVERIHOOK_BENCH=ON"], **quiet)
    subprocess.run(["cmake", "--build", build, "--target", "bench_addresses"], **quiet)
    lines = subprocess.run([build / "bench/bench_addresses"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    for part in (program, nginx):
        part.process.send_signal(signal.SIGCONT)
    value = {name: float(number) for name, number in (line.split() for line in lines)}
    ours = value["syntax_lists_and_suggestion"]
    few, many = value["lookup_ns_2000"], value["lookup_ns_200000"]
    return ("addresses/s of syntax, lists and typo suggestion on one core", f"{ours:,.0f}",
            f"regexec with the browsers' expression: {value['regex']:,.0f}; memchr for the "
            f"line ends: {value['memchr']:,.0f}", f"{ours / value['regex']:.2f} of regexec",
            f"syntax alone {value['syntax']:,.0f}, whole assessment {value['assessment']:,.0f}; "
            f"a look-up takes {few:.0f} ns among 2,000 entries, {many:.0f} ns among 200,000: "
            f"ratio {many / few:.2f}")
