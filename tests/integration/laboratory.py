"""The laboratory of scenarios.py: every mail server and name server that its scenarios need.

    lab = Laboratory(folder).start()    real servers, which are processes
    …                                   start other processes now: afterwards there is a thread
    lab.play()                          the scripted servers, in a thread with an event loop
    lab.stop()

lab.dns and lab.smtp_port are for Program. Every host has an address of its own in RANGE.
"""
import asyncio
import itertools
import socket
import ssl
import threading
from pathlib import Path

from lab_servers import Exim, Nsd, OpenSmtpd, Postfix, Postgrey, make_certificate
from processes import free_port
from scenario import OWN, UNALLOWED
from scenarios import SCENARIOS
from scripted_dns import ScriptedDns
from scripted_smtp import Host, Server

RANGE = "127.32.0.0/16"     # what the program may dial, and ::1
REAL = {"postfix": "127.32.250.1", "postgrey": "127.32.250.2", "exim": "127.32.250.3",
        "opensmtpd": "127.32.250.4"}
HOSTS_PER_NET = 250
PLAY_SECONDS = 20

ZONE_HEAD = """$ORIGIN .
$TTL 300
. SOA ns.test. hostmaster.test. 1 3600 600 86400 60
. NS ns.test.
ns.test. A 127.0.0.1
"""


class Laboratory:
    """hosts is {(scenario id, number of its Mx): Host}; nobody may dial the traps."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.smtp_port = free_port(["127.0.0.1", UNALLOWED, *REAL.values()])
        self.hosts = {}
        self.numbers = itertools.count(1)
        self.tls = None
        self.loop = asyncio.new_event_loop()
        self.thread = None
        zone = ZONE_HEAD + "\n".join([*self._real_records(), *self._scripted_records()]) + "\n"
        self.nsd = Nsd(self.folder / "nsd", free_port(), {".": zone})
        self.traps = [Host(self, "trap.test", address, Server())
                      for address in ("127.0.0.1", UNALLOWED)]
        ways = {scenario.ascii_domain: scenario.dns for scenario in SCENARIOS if scenario.dns}
        self.names = ScriptedDns(free_port(), self.nsd.port, ways)
        self.dns = f"127.0.0.1:{self.names.port}"
        self.servers = [self.nsd, *self._real_servers()]

    def start(self):
        try:
            self.nsd.start("ns.test")
            for server in self.servers[1:]:
                server.start()
            make_certificate(self.folder, "scripted.test")
        except BaseException:
            self.stop()
            raise
        return self

    def play(self):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(PLAY_SECONDS)
        return self

    def stop(self):
        if self.thread is not None:
            asyncio.run_coroutine_threadsafe(self._leave(), self.loop).result(PLAY_SECONDS)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(PLAY_SECONDS)
        self.loop.close()
        for server in self.servers:
            server.stop()

    async def _listen(self):
        listening = {}      # hosts that share an address have one server
        for host in [*self.hosts.values(), *self.traps]:
            if host.address not in listening:
                listening[host.address] = host
                await host.listen(self.smtp_port)
        await self.names.listen()

    async def _leave(self):
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for host in self.hosts.values():
            for connection in host.sockets:
                connection.close()

    def _own_address(self):
        number = next(self.numbers)
        return f"127.32.{number // HOSTS_PER_NET}.{number % HOSTS_PER_NET + 1}"

    def _scripted_records(self):
        for scenario in SCENARIOS:
            domain = scenario.ascii_domain
            for number, mx in enumerate(scenario.mx, 1):
                name = domain if scenario.implicit else mx.host or f"mx{number}.{domain}"
                own = self._own_address()
                addresses = [own if address == OWN else address for address in mx.addresses]
                yield from (address_record(name, address) for address in addresses)
                if mx.server is not None:
                    self.hosts[scenario.id, number] = Host(
                        self, name, own if own in addresses else addresses[-1], mx.server)
                if mx.alias:
                    yield f"alias.{domain}. CNAME {name}."
                if not scenario.implicit:
                    exchanger = f"alias.{domain}" if mx.alias else name
                    yield f"{domain}. MX {mx.preference} {exchanger}."
            yield from (record.format(domain=domain) for record in scenario.zone)

    def _real_records(self):
        for server, address in REAL.items():
            host = f"mx.{server}.test"
            yield f"{host}. A {address}"
            yield f"{server}.test. MX 10 {host}."
            yield f"strange.{server}.test. MX 10 {host}."
        yield "all.postfix.test. MX 10 mx.postfix.test."

    def _real_servers(self):
        port, folder = self.smtp_port, self.folder
        postgrey = Postgrey(folder / "postgrey", free_port(), delay_s=300)
        greylisting = ("smtpd_recipient_restrictions = reject_unauth_destination, "
                       f"check_policy_service inet:127.0.0.1:{postgrey.port}")
        postfix = Postfix(folder / "postfix", port, {
            REAL["postfix"]: ("mx.postfix.test", []),
            REAL["postgrey"]: ("mx.postgrey.test", [greylisting])}, {
            "domains": dict.fromkeys(
                ["postfix.test", "all.postfix.test", "postgrey.test"], "yes"),
            "mailboxes": dict.fromkeys(["alice@postfix.test", "@all.postfix.test",
                                        "@postgrey.test"], "mailbox"),
            "replies": {"full@postfix.test": "452 4.2.2 mailbox is over quota"}})
        exim = Exim(folder / "exim", REAL["exim"], port, "mx.exim.test", "exim.test",
                    ["alice", "jürgen"])
        opensmtpd = OpenSmtpd(folder / "opensmtpd", REAL["opensmtpd"], port,
                              "mx.opensmtpd.test", "opensmtpd.test", ["alice"])
        return [postgrey, postfix, exim, opensmtpd]


def address_record(name, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    socket.inet_pton(family, address)
    return f"{name}. {'AAAA' if family == socket.AF_INET6 else 'A'} {address}"
