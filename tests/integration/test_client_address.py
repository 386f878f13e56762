"""Whose a request is behind proxies: the PROXY protocol, and from whom it may come."""
import ipaddress
import json
import socket
import struct

import pytest
from program import Program
from receivers import SECRET, door, signature

PROXY = "127.0.0.2"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


@pytest.fixture(name="behind", scope="module")
def program_behind_a_proxy(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("behind") / "program",
                      settings={"server": {"proxy_protocol": [f"{PROXY}/32"]}})
    try:
        program.start()
        door(program, "v4", ip_allowlist=["203.0.113.0/24"])
        door(program, "v6", ip_allowlist=["2001:db8::/32"])
        door(program, "any")
        yield program
    finally:
        program.close()


def header(client, command=0x21):
    source = ipaddress.ip_address(client)
    target = ipaddress.ip_address("192.0.2.1" if source.version == 4 else "2001:db8::99")
    addresses = source.packed + target.packed + struct.pack("!HH", 4711, 443)
    family = 0x11 if source.version == 4 else 0x21
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses)) + addresses


def request(name, number):
    body = json.dumps({"webhook_id": f"evt_{name}_{number}"}).encode()
    return (f"POST /webhooks/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nX-Webhook-Signature: {signature(body, SECRET)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def exchange(program, pieces, local=PROXY):
    """What comes back to these pieces, sent one by one from this address."""
    with socket.create_connection(("127.0.0.1", program.port), 20, (local, 0)) as connection:
        connection.settimeout(20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while more := connection.recv(65536):
                received += more
        except ConnectionError:
            pass
        return received


def status(answer):
    return int(answer.split()[1]) if answer else None


def test_the_client_is_who_the_proxy_says(behind):
    assert status(exchange(behind, [header("203.0.113.9") + request("v4", 1)])) == 200
    assert status(exchange(behind, [header("198.51.100.9") + request("v4", 2)])) == 403
    assert status(exchange(behind, [header("2001:db8::7") + request("v6", 1)])) == 200
    assert status(exchange(behind, [header("2001:db9::7") + request("v6", 2)])) == 403


def test_a_header_may_come_byte_by_byte(behind):
    pieces = [bytes([byte]) for byte in header("203.0.113.9")] + [request("v4", 3)]
    assert status(exchange(behind, pieces)) == 200


def test_the_proxys_own_connections_are_its_own(behind):
    local = SIGNATURE + struct.pack("!BBH", 0x20, 0, 0)
    assert status(exchange(behind, [local + b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                                            b"Connection: close\r\n\r\n"])) == 200
    assert status(exchange(behind, [local + request("v4", 4)])) == 403


@pytest.mark.parametrize("begin", [
    b"", b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", header("203.0.113.9", 0x31),
    header("203.0.113.9", 0x22), SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 3) + b"abc",
    SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 60_000)])
def test_a_proxy_that_does_not_say_whose_a_connection_is_gets_no_answer(behind, begin):
    assert exchange(behind, [begin + request("any", 5)]) == b""
    assert behind.healthy()


def test_from_anybody_else_a_header_is_no_request(behind):
    answer = exchange(behind, [header("203.0.113.9") + request("v4", 6)], "127.0.0.1")
    assert status(answer) in (400, None), answer
    assert status(exchange(behind, [request("v4", 7)], "127.0.0.1")) == 403
    assert status(exchange(behind, [request("any", 8)], "127.0.0.1")) == 200


def test_a_changed_allowlist_counts_with_the_next_request(behind):
    door(behind, "changing", ip_allowlist=["203.0.113.0/24"])
    (source,) = [one for one in behind.pages("/v1/sources") if one["name"] == "changing"]
    send = [header("198.51.100.9") + request("changing", 1)]
    assert status(exchange(behind, send)) == 403
    behind.call("PATCH", f"/v1/sources/{source['source_id']}",
                {"ip_allowlist": ["203.0.113.0/24", "198.51.100.0/24"]}).expect(200)
    assert status(exchange(behind, send)) == 200
