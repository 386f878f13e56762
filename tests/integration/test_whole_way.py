"""10,000 addresses of 500 domains through everything: each verdict right, each event authentic."""
import json

import pytest
from program import Program
from receivers import send_from_node
from whole_way import WholeWay

JOB_SECONDS = 240


@pytest.fixture(scope="module", name="way")
def gone_once(folder, lab, receiver, world):
    program = Program(folder / "whole-way", lab)
    try:
        way = WholeWay(program.start(), receiver, world, "whole-way")
        way.prepare()
        way.submit()
        program.wait_for_job(way.job_id, JOB_SECONDS)
        yield way
    finally:
        program.close()


def test_the_job_completes_and_its_summary_is_the_truth(way):
    way.check_job()


def test_every_verdict_is_right_and_in_the_order_of_the_input(way):
    way.check_results()


def test_the_evidence_of_the_verdicts_is_there(way, world):
    results = way.program.download(way.job_id)
    for address, result in zip(world.addresses, results):
        if address.reason in ("accepted_email", "rejected_email", "mailbox_full"):
            assert result["mx"]["found"] and result["mx"]["host"], result
            assert result["smtp"]["checked"] and result["smtp"]["stage"], result
            assert result["smtp"]["code"] // 100 == {"accepted_email": 2, "rejected_email": 5,
                                                     "mailbox_full": 4}[address.reason], result
        if address.reason == "invalid_email":
            assert "RFC" in result["syntax"], result
        if address.reason == "null_mx":
            assert result["mx"]["null_mx"], result
        assert result["domain"] or address.reason == "invalid_email", result


def test_the_formats_of_the_download_hold_the_same_rows(way):
    whole = way.program.download(way.job_id)
    path = f"/v1/bulk/download/{way.job_id}"
    lines = way.program.call("GET", f"{path}?format=ndjson")
    assert [json.loads(line) for line in lines.body.splitlines()] == whole
    risky = way.program.download(way.job_id, "?status=risky")
    assert risky == [result for result in whole if result["status"] == "risky"]


def test_the_webhooks_are_authentic_by_every_check_of_a_node_receiver(way):
    way.check_webhooks()


def test_progress_never_goes_backwards(way):
    came = way.receiver.deliveries(path=way.path, event_type="bulk.progress", job_id=way.job_id)
    counts = [delivery["payload"]["processed_count"] for delivery in came]
    assert counts == sorted(counts)
    assert all(delivery["payload"]["total_count"] == 10_000 for delivery in came)


def test_the_contacts_are_the_truth_and_a_repeated_event_changes_nothing(way):
    way.wait_until_applied()
    way.check_contacts()
    before = way.program.pages("/v1/contacts")
    again = {**way.completions()[0]["payload"]}
    answers = send_from_node(f"{way.program.url}/webhooks/{way.name}", [{"payload": again}] * 3)
    assert answers == [(200, {"received": True, "duplicate": True})] * 3
    assert len(way.received_completions()) == 1
    assert way.program.pages("/v1/contacts") == before
