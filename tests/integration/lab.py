"""The laboratory: a real NSD and a real Postfix on loopback that make the world of truth.py real.

    lab = Lab(folder, World()).start()   …   lab.stop()

lab.dns is the name server's "ip:port", lab.smtp_port the one port on which every mail server
listens, each on an address of its own. No mail is ever delivered: nobody gets further than RCPT TO.
"""
from pathlib import Path

from lab_servers import Nsd, Postfix
from processes import free_port
from truth import HOSTS, IMPLICIT_ADDRESS, LISTENING, TLS_HOST


class Lab:
    """Both servers; start() returns when both answer."""

    def __init__(self, folder, world):
        self.folder = Path(folder)
        self.world = world
        self.smtp_port = free_port(LISTENING)
        broken = {domain.name: None for domain in world.of_kind("broken_dns")}
        self.nsd = Nsd(self.folder / "nsd", free_port(), {"test": self._zone(), **broken})
        self.postfix = Postfix(self.folder / "postfix", self.smtp_port, self._services(),
                               self._tables())
        self.dns = f"127.0.0.1:{self.nsd.port}"

    def start(self):
        try:
            self.nsd.start("mx1.hosts.test")
            self.postfix.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for server in (self.nsd, self.postfix):
            server.stop()

    def query(self, name, kind):
        return self.nsd.query(name, kind)

    def _zone(self):
        lines = ["$ORIGIN test.", "$TTL 300",
                 "@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60", "@ NS ns.test.",
                 "ns A 127.0.0.1"]
        lines += [f"{host}. A {address}" for host, address in HOSTS.items()]
        for domain in self.world.domains:
            if domain.kind in ("nonexistent", "broken_dns"):
                continue
            lines.append(f'{domain.name}. TXT "v=spf1 -all"')
            lines += [f"{domain.name}. MX {preference} {host.rstrip('.')}."
                      for preference, host in domain.mx]
            if domain.kind == "implicit":
                lines.append(f"{domain.name}. A {IMPLICIT_ADDRESS}")
        return "\n".join(lines) + "\n"

    def _services(self):
        names = {address: host for host, address in HOSTS.items()}
        services = {}
        for address in LISTENING:
            host = names.get(address, "implicit.hosts.test")
            tls = "encrypt" if host == TLS_HOST else "none"
            services[address] = (host, [f"smtpd_tls_security_level={tls}"])
        return services

    def _tables(self):
        takes_mail = ("hosted", "hosted_tls", "shared", "failover", "implicit", "catch_all")
        catch_all = [f"@{domain.name}" for domain in self.world.of_kind("catch_all")]
        return {
            "domains": {domain.name: "yes" for domain in self.world.of_kind(*takes_mail)},
            "mailboxes": dict.fromkeys(self.world.mailboxes() + catch_all, "mailbox"),
            "replies": self.world.replies(),
        }
