"""What every benchmark uses: the program, nginx, wrk, and what compiles and times a peer."""
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("VERIHOOK_BINARY", ROOT / "build" / "release" / "verihook"))
KEY = "vh_live_" + secrets.token_hex(20)
SECRET = "bench-secret"
SIGNATURE = "X-Webhook-Signature"
SECONDS = int(os.environ.get("VERIHOOK_BENCH_SECONDS", 8))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, seconds=600, pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        time.sleep(pause)
    sys.exit(f"bench: {what} did not happen in {seconds} s")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


class Nginx:
    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        folder.mkdir()
        text = (ROOT / "bench/peers/nginx.conf").read_text().replace("@PORT@", str(self.port))
        (folder / "nginx.conf").write_text(text)
        self.process = subprocess.Popen(["nginx", "-p", str(folder), "-c", "nginx.conf"])
        wait_for(lambda: urllib.request.urlopen(self.url).status == 200, "nginx")

    def stop(self):
        stop(self.process)

    def requests(self):
        with urllib.request.urlopen(self.url + "status") as response:
            return int(response.read().split(b"\n")[2].split()[2])


class Program:
    def __init__(self, folder, **settings):
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = dict(
            os.environ, VERIHOOK_AUTH_BOOTSTRAP_KEY=KEY, VERIHOOK_LOG_LEVEL="warning",
            VERIHOOK_SERVER_LISTEN=f"127.0.0.1:{self.port}",
            VERIHOOK_STORE_URL=f"sqlite:{folder}/verihook.db",
            VERIHOOK_SECRETS_MASTER_KEY_FILE=f"{folder}/master.key",
            VERIHOOK_NETWORK_ALLOW="127.0.0.0/8",
            VERIHOOK_DELIVERY_IN_FLIGHT_PER_DESTINATION_MAX="64", **settings)
        self.start()

    def start(self):
        self.process = subprocess.Popen([BINARY, "serve"], env=self.environment,
                                        stdout=subprocess.DEVNULL)
        wait_for(lambda: self.call("GET", "/readyz"), "the server")

    def stop(self):
        stop(self.process)

    def call(self, method, path, body=None, key=KEY):
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.url + path, data, method=method, headers={
            "Authorization": "Bearer " + key, "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics") as response:
            text = response.read().decode()
        return float(re.search("^" + re.escape(name) + r" (\S+)$", text, re.M).group(1))

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def signed_posts(path, count):
    """Lines of signature TAB body, each with an id of its own."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    run = secrets.token_hex(4)
    with open(path, "w") as file:
        for i in range(count):
            body = json.dumps({
                "event_type": "bulk.progress", "webhook_id": f"evt_{run}{i}",
                "tenant_id": "default",
                "job_id": f"job_{run}{i}", "timestamp": now, "status": "processing",
                "processed_count": i, "total_count": count, "metadata": {}}, separators=(",", ":"))
            signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
            file.write(f"{signature}\t{body}\n")


def wrk(url, posts, connections=256, header=SIGNATURE):
    """Requests a second, how many, and the milliseconds that 99 % of them stay below."""
    done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s",
                           ROOT / "bench/posts.lua", url, "--", posts, header],
                          capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    if failed:
        sys.exit(f"bench: {failed.group(1)} requests were refused")
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", done).groups()
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1)),
            int(re.search(r"(\d+) requests in", done).group(1)),
            float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit])


def timed(*command):
    begin = time.monotonic()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def compiled(folder, name, *libraries):
    subprocess.run(["clang++-19", "-std=c++23", "-O2", "-o", folder / name,
                    ROOT / f"bench/peers/{name}.cc", *libraries], check=True)
    return folder / name


def printed(*command):
    """The number that a peer prints first."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=True)
    return float(done.stdout.split()[0])
