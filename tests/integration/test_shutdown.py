"""SIGTERM: what is in flight is finished or handed back, and the next start goes on with it."""
import signal
import time

from processes import wait_until
from receivers import SECRET
from whole_way import WholeWay

SHUTDOWN_SECONDS = 30


def test_sigterm_during_a_job_exits_in_time_and_the_job_goes_on(own_program, receiver, world):
    way = WholeWay(own_program, receiver, world, "shutdown")
    way.prepare()
    way.submit()
    wait_until(lambda: own_program.job(way.job_id)["status"] == "processing", 30, "processing")
    began = time.monotonic()
    assert own_program.stop() == 0, own_program.process.tail()
    assert time.monotonic() - began < SHUTDOWN_SECONDS
    own_program.check_log()
    own_program.start()
    own_program.wait_for_job(way.job_id, 240)
    way.check_results()
    way.check_job()
    way.check_webhooks()
    way.wait_until_applied()
    way.check_contacts()


def test_sigterm_while_deliveries_fail_exits_in_time(own_program, receiver):
    for status in (500, 503):
        own_program.post("/v1/webhooks", {"url": f"{receiver.url}/always/{status}/shutdown",
                                          "events": ["*"], "secret": SECRET,
                                          "retry_schedule": [0.05] * 50}, 201)
    job_id = own_program.submit(["accepted_email@sandbox.test"])
    own_program.wait_for_job(job_id, 30)
    receiver.wait_for(2, path="/always/500/shutdown")
    assert own_program.stop() == 0, own_program.process.tail()
    own_program.check_log()


def test_an_idle_program_stops_at_once_on_either_signal(own_program):
    for number in (signal.SIGTERM, signal.SIGINT):
        began = time.monotonic()
        assert own_program.process.end(number, SHUTDOWN_SECONDS) == 0, own_program.process.tail()
        assert time.monotonic() - began < 10
        own_program.start()
