"""The tests' own receiver tells right from wrong, or what it says of the program proves nothing."""
import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request

import pytest
from receivers import ALL_CHECKS, SECRET, Receiver, now, signature


def standard_headers(body, event_id, moment):
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{event_id}.{moment}.{body}".encode()
    mac = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": event_id, "webhook-timestamp": str(moment),
            "webhook-signature": f"v1,b3RoZXI= v1,{mac}"}


def post(url, body, headers):
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def signed(payload, moment=None):
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    headers = {"Content-Type": "application/json", "X-Webhook-Signature": signature(body),
               "X-BillionVerify-Signature": signature(body),
               **standard_headers(body, payload["webhook_id"], moment or int(time.time()))}
    return body, headers


def sample(number, **more):
    return {"event_type": "bulk.completed", "webhook_id": f"evt_{number}", "timestamp": now(),
            "name": "Grüße", **more}


def test_a_right_delivery_passes_every_check_and_a_second_is_a_duplicate(receiver):
    body, headers = signed(sample(1))
    assert post(f"{receiver.url}/right", body, headers) == (200, {"received": True})
    assert post(f"{receiver.url}/right", body, headers) == (200, {"received": True,
                                                                 "duplicate": True})
    first, second = receiver.deliveries(path="/right")
    assert {name for name, passed in first["checks"].items() if passed} == ALL_CHECKS
    assert (first["count"], second["count"]) == (1, 2)


def test_each_check_can_fail_by_itself(receiver):
    def failed_of(path, payload, change=None, moment=None, body=None):
        text, headers = signed(payload, moment)
        headers.update(change or {})
        if body is not None:
            text = body(text)
            headers.update({"X-Webhook-Signature": signature(text),
                            "X-BillionVerify-Signature": signature(text)},
                           **standard_headers(text, payload["webhook_id"], int(time.time())))
        post(receiver.url + path, text, headers)
        checks = receiver.deliveries(path=path)[-1]["checks"]
        return {name for name, passed in checks.items() if not passed}

    wrong = {"X-Webhook-Signature": "00" * 32}
    assert failed_of("/a", sample(2), wrong) == {"raw", "article"}
    assert failed_of("/b", sample(3), {"X-BillionVerify-Signature": "x"}) == {"billionverify"}
    assert failed_of("/c", sample(4), {"webhook-signature": "v1,eA=="}) == {"standard"}
    assert failed_of("/d", sample(5), moment=int(time.time()) - 400) == {"standard"}
    assert failed_of("/e", sample(6, timestamp=now(-400))) == {"timestamp"}
    spaced = failed_of("/f", sample(7), body=lambda text: text.replace(',"', ', "'))
    assert spaced == {"article", "fixed_point"}


@pytest.mark.parametrize("path, statuses", [("/fail/2/503/x", [503, 503, 200]),
                                            ("/always/410/x", [410, 410, 410])])
def test_the_path_asks_for_failures(receiver, path, statuses):
    body, headers = signed(sample(f"path{statuses[0]}"))
    assert [post(receiver.url + path, body, headers)[0] for _ in statuses] == statuses


def test_the_environment_asks_for_failures(tmp_path):
    receiver = Receiver(tmp_path, fail_first=1, fail_status=502).start()
    try:
        body, headers = signed(sample(9))
        assert [post(receiver.url, body, headers)[0] for _ in range(3)] == [502, 200, 200]
    finally:
        receiver.stop()
