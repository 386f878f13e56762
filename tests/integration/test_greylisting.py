"""A list whose servers say "later", on the real ones: Postfix, which asks postgrey, and NSD."""
import tempfile
from pathlib import Path

import pytest
from lab_servers import Nsd, Postfix, Postgrey
from processes import free_port, wait_until
from program import Program

ADDRESS = "127.33.0.2"
OPEN_ADDRESS = "127.33.0.3"
DELAY_SECONDS = 4
ZONE = f"""$ORIGIN .
$TTL 300
. SOA ns.test. hostmaster.test. 1 3600 600 86400 60
. NS ns.test.
ns.test. A 127.0.0.1
grey.test. MX 10 mx.grey.test.
mx.grey.test. A {ADDRESS}
open.test. MX 10 mx.open.test.
mx.open.test. A {OPEN_ADDRESS}
"""


class GreyLab:
    """dns and smtp_port are for Program."""

    def __init__(self, folder):
        self.smtp_port = free_port([ADDRESS, OPEN_ADDRESS])
        self.nsd = Nsd(folder / "nsd", free_port(), {".": ZONE})
        self.dns = f"127.0.0.1:{self.nsd.port}"
        postgrey = Postgrey(folder / "postgrey", free_port(), delay_s=DELAY_SECONDS)
        ask_postgrey = ("smtpd_recipient_restrictions = reject_unauth_destination, "
                        f"check_policy_service inet:127.0.0.1:{postgrey.port}")
        self.others = [postgrey, Postfix(folder / "postfix", self.smtp_port, {
            ADDRESS: ("mx.grey.test", [ask_postgrey]),
            OPEN_ADDRESS: ("mx.open.test", [])}, {
            "domains": {"grey.test": "yes", "open.test": "yes"},
            "mailboxes": {"alice@grey.test": "mailbox", "alice@open.test": "mailbox"},
            "replies": {}})]

    def start(self):
        self.nsd.start("ns.test")
        for server in self.others:
            server.start()
        return self

    def stop(self):
        for server in [*self.others, self.nsd]:
            server.stop()


@pytest.fixture(name="asking", scope="module")
def ask():
    folder = Path(tempfile.mkdtemp(prefix="verihook-grey-"))
    folder.chmod(0o755)
    lab = GreyLab(folder)
    program = Program(folder / "asking", lab, {
        "network": {"allow": ["127.0.0.0/8"], "allow_http": True},
        "smtp": {"greylist_delays": [f"{DELAY_SECONDS + 1}s", f"{DELAY_SECONDS + 1}s"]}})
    try:
        lab.start()
        program.start()
        yield program
    finally:
        program.close()
        lab.stop()


def test_who_does_not_wait_hears_so_at_once(asking):
    job_id = asking.submit(["skipped@grey.test", "alice@open.test"], options={"greylist": "skip"})
    asking.wait_for_job(job_id, 20)
    grey, known = asking.download(job_id)
    assert (grey["status"], grey["reason"]) == ("unknown", "greylisted")
    assert grey["retryable"] is True
    assert known["reason"] == "accepted_email"


def test_parked_rows_are_said_survive_a_kill_and_get_their_answer(asking):
    job_id = asking.submit(["alice@grey.test", "nobody@grey.test", "alice@open.test"])

    def parked():
        both = [asking.job(job_id), asking.get("/v1/bulk?limit=1")["data"][0]]
        return both if all(job["parked_count"] for job in both) else None
    for waiting in wait_until(parked, 20, "rows are parked"):
        assert (waiting["job_id"], waiting["status"]) == (job_id, "processing")
        assert (waiting["parked_count"], waiting["processed_count"]) == (2, 1)
        assert waiting["parked_until"] > waiting["created_at"]
        # Nothing else is left to ask, so the end is when these may be asked again.
        assert waiting["estimated_completion"] >= waiting["parked_until"]
    asking.kill()
    asking.start()
    asking.wait_for_job(job_id, 60)
    alice, nobody, known = asking.download(job_id)
    assert (alice["status"], alice["reason"]) == ("valid", "accepted_email"), alice
    assert alice["is_catch_all"] is False
    assert alice["smtp"]["attempts"] > 1
    assert (nobody["status"], nobody["reason"]) == ("invalid", "rejected_email"), nobody
    assert known["reason"] == "accepted_email"
    job = asking.job(job_id)
    assert (job["parked_count"], job["parked_until"]) == (0, None)
