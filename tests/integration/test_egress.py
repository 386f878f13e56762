"""Ways out: source addresses and a real SOCKS5 server, as the mail server at the other end sees
them."""
import json
import socket
import threading

import pytest
from lab_servers import Nsd
from processes import Process, accepts_connections, free_port
from program import run_command, toml

USER, PASSWORD = "me", "p@ss,word"
PROXY_EXIT = "127.0.0.77"
START_SECONDS = 20
ZONE = """$ORIGIN test.
$TTL 300
@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ NS ns.test.
ns A 127.0.0.1
v4 MX 10 mx.v4
mx.v4 A 127.0.0.20
dead MX 10 mx.dead
mx.dead A 127.0.0.21
v6 MX 10 mx.v6
mx.v6 AAAA ::1
"""


class MailServer:
    """Takes every recipient, and notes who came and under which name."""

    def __init__(self, port):
        self.visits = []
        self.listeners = [socket.create_server(("127.0.0.20", port)),
                          socket.create_server(("::1", port), family=socket.AF_INET6)]
        for listener in self.listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener):
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, peer[0]), daemon=True).start()

    def _serve(self, connection, peer):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mx.test\r\n")
            for line in lines:
                verb, _, rest = line.decode().strip().partition(" ")
                if verb == "EHLO":
                    self.visits.append((peer, rest))
                connection.sendall(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")


class Lab:
    def __init__(self, folder):
        self.smtp_port = free_port(("127.0.0.20",))
        self.nsd = Nsd(folder / "nsd", free_port(), {"test": ZONE}).start("mx.v4.test")
        # Processes first: they are forked, and afterwards there are threads.
        self.proxy_port, self.open_proxy_port = free_port(), free_port()
        self.proxies = [
            self._proxy(folder, self.proxy_port, "-u", USER, "-P", PASSWORD, "-b", PROXY_EXIT),
            self._proxy(folder, self.open_proxy_port)]
        self.mail = MailServer(self.smtp_port)

    def _proxy(self, folder, port, *arguments):
        proxy = Process("microsocks", ["microsocks", "-i", "127.0.0.1", "-p", port, *arguments],
                        folder / f"microsocks-{port}.log").start()
        proxy.wait_for(lambda: accepts_connections("127.0.0.1", port), START_SECONDS, "listens")
        return proxy

    def stop(self):
        self.mail.close()
        for proxy in self.proxies:
            proxy.end()
        self.nsd.stop()


@pytest.fixture(scope="module", name="ways")
def make_ways(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("egress"))
    yield lab
    lab.stop()


@pytest.fixture(name="port_check")
def make_port_check(ways, tmp_path):
    """What the doctor sees of port 25 from each source, and whom the mail server saw."""
    def check(*sources, domain="v4.test"):
        ways.mail.visits.clear()
        config = tmp_path / "verihook.toml"
        config.write_text(toml({
            "store": {"url": f"sqlite:{tmp_path}/verihook.db"},
            "dns": {"servers": [f"127.0.0.1:{ways.nsd.port}"]},
            "network": {"allow": ["127.0.0.0/8", "::1"]},
            "smtp": {"port": ways.smtp_port, "helo": "us.test", "audit_hosts": [domain],
                     "sources": list(sources)}}))
        done = run_command("doctor", "--config", config, "--json", seconds=120)
        assert done.returncode in (0, 1), done
        seen = [one["seen"] for one in json.loads(done.stdout)["checks"]
                if one["check"] == "port 25"]
        return seen, list(ways.mail.visits)
    return check


def test_each_source_address_comes_with_its_own_name(port_check):
    seen, visits = port_check("127.0.0.88 helo=one.test", "127.0.0.89 helo=two.test", "127.0.0.90")
    assert seen == ["greeted by mx.v4.test"] * 3
    assert visits == [("127.0.0.88", "one.test"), ("127.0.0.89", "two.test"),
                      ("127.0.0.90", "us.test")]


def test_ipv6_sources_reach_ipv6_hosts_only(port_check):
    seen, visits = port_check("::1 helo=six.test", "127.0.0.88", domain="v6.test")
    assert seen[0] == "greeted by mx.v6.test" and "family" in seen[1], seen
    assert visits == [("::1", "six.test")]


def test_a_socks_server_connects_for_us(ways, port_check):
    proxy = f"127.0.0.1:{ways.proxy_port}"
    seen, visits = port_check(f"socks5://{USER}:p%40ss%2Cword@{proxy} helo=proxied.test")
    assert seen == ["greeted by mx.v4.test"]
    assert visits == [(PROXY_EXIT, "proxied.test")]


def test_a_socks_server_without_a_password_reaches_ipv6_too(ways, port_check):
    seen, visits = port_check(f"socks5://127.0.0.1:{ways.open_proxy_port} helo=six.test",
                              domain="v6.test")
    assert seen == ["greeted by mx.v6.test"]
    assert visits == [("::1", "six.test")]


@pytest.mark.parametrize("credentials, words", [
    (f"{USER}:wrong@", "refuses this user and password"), ("", "wants a user and a password")])
def test_a_socks_server_refuses_us(ways, port_check, credentials, words):
    seen, visits = port_check(f"socks5://{credentials}127.0.0.1:{ways.proxy_port}")
    assert words in seen[0] and not visits


def test_a_socks_server_tells_that_nobody_listens(ways, port_check):
    seen, _ = port_check(f"socks5://127.0.0.1:{ways.open_proxy_port}", domain="dead.test")
    assert "the other side refused the SOCKS5 proxy's connection" in seen[0]


def test_a_socks_server_that_is_not_there(port_check):
    seen, _ = port_check(f"socks5://127.0.0.1:{free_port()}")
    assert "does not answer" in seen[0] and "refused the connection" in seen[0]
