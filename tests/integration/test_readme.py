"""The commands that README.md shows, run as it shows them: only the server's address is another."""
import csv
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from processes import Process, accepts_connections, free_port, wait_until
from program import binary

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SHOWN_SERVER = "http://127.0.0.1:8080"


def commands_under(heading):
    """The shell commands of a section, continued lines joined, comments cut off."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    text = "\n".join(re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))
    lines = text.replace("\\\n", " ").splitlines()
    return [line.split("  #", 1)[0].strip() for line in lines if line.strip()]


@pytest.fixture(name="server")
def serve(tmp_path):
    """`verihook serve` in an empty folder, as a new user starts it, and the key that it printed."""
    port = free_port()
    (tmp_path / "build").mkdir()
    (tmp_path / "build/verihook").symlink_to(binary())
    serve_command = commands_under("Your first job")[0]
    assert serve_command == "build/verihook serve"
    process = Process("serve", serve_command.split(), tmp_path / "serve.log", folder=tmp_path,
                      environment={"VERIHOOK_SERVER_LISTEN": f"127.0.0.1:{port}",
                                   "VERIHOOK_DNS_SERVERS": "127.0.0.1:9"})
    process.start()
    key = wait_until(lambda: re.search(r"vh_live_\w+\s", (tmp_path / "serve.log").read_text()), 20,
                     "the first start prints a key")
    wait_until(lambda: accepts_connections("127.0.0.1", port), 20, "the server listens")
    yield tmp_path, f"http://127.0.0.1:{port}", key.group().strip()
    process.end()


def test_the_first_job_goes_as_shown(server):
    folder, url, key = server
    (folder / "list.csv").write_text("email\naccepted_email@sandbox.test\n"
                                     "rejected_email@sandbox.test\n")
    environment = {**os.environ, "VERIHOOK_URL": url}
    outputs = []
    for command in commands_under("Your first job")[1:]:
        command = command.replace(SHOWN_SERVER, url).replace("vh_live_…", key)
        if command.startswith("export "):
            name, value = command.removeprefix("export ").split("=", 1)
            environment[name] = value
            continue
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True,
                              capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        outputs.append(done.stdout)
    verified, _, webhook, job = outputs
    assert "someone@example.com" in verified and "dns_error" in verified
    with open(folder / "results.csv", encoding="utf-8") as results:
        rows = list(csv.DictReader(results))
    assert [row["reason"] for row in rows] == ["accepted_email", "rejected_email"]
    assert json.loads(webhook)["secret"].startswith("whsec_")
    assert json.loads(job)["total"] == 2


def test_the_files_that_it_names_are_there():
    root = Path(__file__).resolve().parents[2]
    named = re.findall(r"`((?:\w+/)*[\w.]+\.md|\w+/|\w+/[\w/]+/)`", README)
    named += re.findall(r"\]\((\w[\w/.]+)\)", README)
    assert len(named) > 5
    assert [name for name in named if not (root / name).exists()] == []
