"""Lists: intake, sandbox verification, download, export, asynchronous questions, fairness."""
import itertools
import json
import os
import statistics
import sys
import time

from harness import KEY, timed, wait_for, wrk
from mail import MailWorld

ROWS = int(os.environ.get("VERIHOOK_BENCH_ROWS", 10_000_000))


def bench_list(program, _nginx, folder):
    path, out = folder / "list.csv", folder / "results.csv"
    with open(path, "w") as file:
        file.write("id,email,name,city\n")
        for begin in range(0, ROWS, 10_000):
            file.write("".join(f"{i},accepted_email+{i}@sandbox.test,Person {i},Springfield\n"
                               for i in range(begin, begin + 10_000)))
    counting, copying = timed("wc", "-l", path), timed("cp", path, folder / "copy.csv")
    key = ("-H", "Authorization: Bearer " + KEY)
    intake = timed("curl", "-sf", "-X", "POST", "-T", path, *key, "-H", "Content-Type: text/csv",
                   program.url + "/v1/bulk/verify?start=false")
    intake_cpu = program.cpu_seconds()
    job = program.call("GET", "/v1/bulk")["data"][0]
    url = f"/v1/bulk/{job['job_id']}"
    if job["total"] != ROWS:
        sys.exit(f"bench: {job} instead of {ROWS} rows")
    begin = time.monotonic()
    program.call("POST", url + "/start", b"{}")
    wait_for(lambda: program.call("GET", url)["status"] == "completed", "the job", 3_600, 0.2)
    verification = time.monotonic() - begin
    download = timed("curl", "-sf", "-o", out, *key,
                     f"{program.url}/v1/bulk/download/{job['job_id']}?format=csv")
    list_bytes = path.stat().st_size
    for done in (path, folder / "copy.csv"):    # so that the longest lists find room
        done.unlink()
    copying_results = timed("cp", out, folder / "copy-of-results.csv")
    stored = sum(file.stat().st_size for file in (folder / "verihook").iterdir())
    return (f"rows/s of a CSV list of {ROWS:,} rows with 4 columns: intake, sandbox, CSV download",
            f"{ROWS / intake:,.0f}, {ROWS / verification:,.0f}, {ROWS / download:,.0f}",
            f"wc -l {ROWS / counting:,.0f}; a plain copy of the list {ROWS / copying:,.0f}, of the "
            f"results {ROWS / copying_results:,.0f}",
            f"{copying / intake:.3f} and {copying_results / download:.3f} of the copies",
            f"intake {list_bytes / intake / 1e6:,.0f} MB/s, {intake_cpu:.1f} s of CPU; "
            f"peak {program.peak_mib():,.0f} MiB; {stored / ROWS:,.0f} bytes a row on disk")


def sandbox_job(program, folder, count):
    """A finished job of so many addresses: its id, and the seconds of intake and verification."""
    reasons = ["accepted_email", "rejected_email", "catch_all", "mailbox_full", "no_mx"]
    path = folder / "list.json"
    with open(path, "w") as file:
        file.write('{"emails":[')
        file.write(",".join(f'"{reasons[i % 5]}+{i}@sandbox.test"' for i in range(count)))
        file.write("]}")
    begin = time.monotonic()
    job = program.call("POST", "/v1/bulk/verify", path.read_bytes())
    accepted = time.monotonic()
    wait_for(lambda: program.call("GET", "/v1/bulk/" + job["job_id"])["status"] == "completed",
             "the job")
    return job["job_id"], accepted - begin, time.monotonic() - accepted


def download(program, job_id, out, form, *more):
    """The seconds it takes."""
    return timed("curl", "-sf", "-o", out, "-H", "Authorization: Bearer " + KEY, *more,
                 f"{program.url}/v1/bulk/download/{job_id}?format={form}")


def bench_job(program, _nginx, folder):
    count = 1_000_000
    job_id, intake, verification = sandbox_job(program, folder, count)
    out = folder / "results.json"
    sending = download(program, job_id, out, "json")
    copying = timed("cp", out, folder / "copy.json")
    return ("addresses/s of a sandbox job of 1,000,000", f"{count / (intake + verification):,.0f}",
            f"intake {count / intake:,.0f}/s, verification {count / verification:,.0f}/s, "
            f"download {count / sending:,.0f}/s",
            f"a plain copy of the results takes {copying:.2f} s, the download {sending:.2f} s",
            f"peak memory {program.peak_mib():,.0f} MiB")


def bench_export(program, _nginx, folder):
    count = 1_000_000
    job_id, _, _ = sandbox_job(program, folder, count)
    out = folder / "results"
    others = {form: download(program, job_id, out, form)
              for form in ("json", "csv", "zerobounce", "kickbox", "reacher")}
    others["gzip"] = download(program, job_id, out, "ndjson", "-H", "Accept-Encoding: gzip")
    before = program.cpu_seconds()
    sending = download(program, job_id, out, "ndjson")
    cpu = program.cpu_seconds() - before
    counting, copying = timed("wc", "-l", out), timed("cp", out, folder / "copy")
    size = out.stat().st_size
    rest = download(program, job_id, out, "ndjson", "-H", f"Range: bytes={size - 1000}-")
    return (f"rows/s of a download of {count:,} results as NDJSON", f"{count / sending:,.0f}",
            f"wc -l: {count / counting:,.0f}; a plain copy: {count / copying:,.0f}",
            f"{copying / sending:.2f} of the copy",
            ", ".join(f"{form} {count / seconds:,.0f}" for form, seconds in others.items())
            + f"; {size / sending / 1e6:,.0f} MB/s, {cpu / count * 1e6:.2f} µs of CPU a row; the "
            f"last kilobyte by Range {rest * 1000:.0f} ms; peak {program.peak_mib():,.0f} MiB")


def bench_async(program, nginx, folder):
    def posts(name, **members):
        path = folder / name
        path.write_text("".join("Bearer {}\t{}\n".format(KEY, json.dumps(
            {"email": f"accepted_email+{i}@sandbox.test", **members})) for i in range(400_000)))
        return path
    later, at_once = posts("later.txt", **{"async": True}), posts("once.txt")
    url, header = program.url + "/v1/verify", "Authorization"
    before, cpu = program.metric("verihook_verdicts_total"), program.cpu_seconds()
    begin = time.monotonic()
    accepted, count, _ = wrk(url, later, header=header)
    wait_for(lambda: program.metric("verihook_verdicts_total") - before >= count, "the answers")
    answered = count / (time.monotonic() - begin)
    cpu = program.cpu_seconds() - cpu
    (together, *_), (peer, *_) = (wrk(url, at_once, header=header),
                                  wrk(nginx.url, later, header=header))
    return ("asynchronous verifications/s of one address, answered and stored with their event",
            f"{answered:,.0f}", f"synchronous: {together:,.0f}; nginx `return 200`: {peer:,.0f}",
            f"{answered / together:.2f} of the synchronous, {answered / peer:.2f} of nginx",
            f"accepted {accepted:,.0f}/s, {count:,} in all, {cpu / count * 1e6:,.0f} µs of CPU "
            f"each; peak {program.peak_mib():,.0f} MiB")


def bench_fairness(_program, _nginx, folder):
    """Lists of 100 at 20 domains whose servers take 100 ms for each answer; medians."""
    world = MailWorld(folder, delay_ms=100)
    world.start_program(folder, connections=5)
    program, domains, numbers = world.program, 20, itertools.count()
    program.call("POST", "/v1/tenants", {"name": "other", "tenant_id": "other"})
    key = program.call("POST", "/v1/keys", {"tenant_id": "other", "scope": "write"})["key"]

    def seconds(servers, times=9):
        taken = []
        for _ in range(times):
            emails = [f"u{next(numbers)}.short@{servers}{i % domains}.test" for i in range(100)]
            begin = time.monotonic()
            job = program.call("POST", "/v1/bulk/verify", {"emails": emails}, key)["job_id"]
            done = program.call("GET", f"/v1/bulk/{job}?wait=120", key=key)
            taken.append(time.monotonic() - begin)
            if done["summary"]["valid"] != len(emails):
                sys.exit(f"bench: {done} instead of 100 valid addresses")
        return statistics.median(taken)
    seconds("b", 1), seconds("c", 1)    # so that the domains are known
    alone = seconds("b")
    long = [f"u{i}@b{i % domains}.test" for i in range(1_000_000)]
    asked = program.metric("verihook_smtp_recipients_total")
    url = "/v1/bulk/" + program.call("POST", "/v1/bulk/verify", {"emails": long})["job_id"]
    wait_for(lambda: program.metric("verihook_smtp_recipients_total") > asked + 5_000, "its start")
    other, same = seconds("c"), seconds("b")
    beside = program.call("GET", url)
    if beside["status"] != "processing":
        sys.exit(f"bench: the long list has ended: {beside}")
    program.stop()
    world.close()
    return ("ms for a list of 100 beside another tenant's million: at other mail servers, at the "
            "same", f"{other * 1000:,.0f}, {same * 1000:,.0f}", f"alone: {alone * 1000:,.0f}",
            f"{other / alone:.2f}, {same / alone:.2f}; limit: 2",
            f"{beside['processed_count']:,} of the million had their result by then")
