"""A host that cannot verify says so: jobs fail instead of calling every address unknown."""
import tempfile
from pathlib import Path

import pytest
from lab_servers import Nsd
from processes import free_port
from program import Program

DOMAINS = 60
ZONE = """$ORIGIN .
$TTL 300
. SOA ns.test. hostmaster.test. 1 3600 600 86400 60
. NS ns.test.
ns.test. A 127.0.0.1
""" + "".join(f"dead{n}.test. MX 10 mx.dead{n}.test.\nmx.dead{n}.test. A 127.33.9.{n + 1}\n"
              for n in range(DOMAINS))


class DeadWorld:
    """A name server that knows mail hosts at which nobody listens; dns and smtp_port are for
    Program."""

    def __init__(self, folder):
        self.nsd = Nsd(folder / "nsd", free_port(), {".": ZONE})
        self.smtp_port = free_port([f"127.33.9.{n + 1}" for n in range(DOMAINS)])
        self.dns = f"127.0.0.1:{self.nsd.port}"


@pytest.fixture(name="world", scope="module")
def make_world():
    folder = Path(tempfile.mkdtemp(prefix="verihook-dead-"))
    folder.chmod(0o755)
    world = DeadWorld(folder)
    try:
        world.nsd.start("ns.test")
        yield world
    finally:
        world.nsd.stop()


def failed_job(world, **settings):
    program = Program(None, world, {"network": {"allow": ["127.0.0.0/8"], "allow_http": True},
                                    **settings})
    try:
        program.start()
        job_id = program.submit([f"alice@dead{n}.test" for n in range(DOMAINS)])
        program.wait_for_job(job_id, 60)
        return program.job(job_id)
    finally:
        program.close()


def test_a_host_that_reaches_no_mail_server_fails_the_job(world):
    job = failed_job(world)
    assert (job["status"], job["error_code"]) == ("failed", "EGRESS_BLOCKED"), job
    assert "doctor" in job["error_message"]


def test_a_host_whose_resolver_is_dead_fails_the_job(world):
    job = failed_job(world, dns={"servers": [f"127.0.0.1:{free_port()}"], "timeout_ms": 2000})
    assert (job["status"], job["error_code"]) == ("failed", "RESOLVER_UNAVAILABLE"), job


def test_the_sample_can_be_switched_off(world):
    job = failed_job(world, smtp={"egress_sample": 0})
    assert job["status"] == "completed", job
    assert job["summary"]["unknown"] == DOMAINS
