"""The laboratory: a real NSD and a real Postfix on loopback that make the world of truth.py real.

    lab = Lab(folder, World()).start()   …   lab.stop()

lab.dns is the name server's "ip:port", lab.smtp_port the one port on which every mail server
listens, each on an address of its own. Postfix runs from folders of ours and leaves the system's
alone; its master process needs root. No mail is ever delivered: nobody gets further than RCPT TO.
"""
import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from processes import Process, free_port
from truth import HOSTS, IMPLICIT_ADDRESS, LISTENING, TLS_HOST

POSTFIX_MASTER = "/usr/lib/postfix/sbin/master"
SMTPD_PROCESSES_MAX = 25    # of each address; what is above waits in the listen queue
START_SECONDS = 20

NSD_CONF = """
server:
  ip-address: 127.0.0.1@{port}
  do-ip6: no
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  cookie-secret-file: "{folder}/cookies"
  verbosity: 1
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
"""

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx1.hosts.test
mydestination =
relay_domains =
local_recipient_maps =
alias_maps =
inet_protocols = ipv4
recipient_delimiter = +
smtputf8_enable = no
disable_vrfy_command = yes
virtual_alias_maps =
virtual_mailbox_domains = texthash:{folder}/domains
virtual_mailbox_maps = texthash:{folder}/mailboxes
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/replies,
  reject_unlisted_recipient
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
smtpd_client_new_tls_session_rate_limit = 0
smtpd_client_auth_rate_limit = 0
smtpd_client_event_limit_exceptions = 127.0.0.0/8
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
smtpd_error_sleep_time = 0
smtpd_junk_command_limit = 100000
smtpd_tls_security_level = none
smtpd_tls_cert_file = {folder}/certificate.pem
smtpd_tls_key_file = {folder}/key.pem
max_use = 100000
in_flow_delay = 0
process_id_directory = pid
"""

MASTER_CF = """
{smtpd}
cleanup   unix  n - n - 0 cleanup
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
tlsmgr    unix  - - n 1000? 1 tlsmgr
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


class Lab:
    """Both servers; start() returns when both answer."""

    def __init__(self, folder, world):
        self.folder = Path(folder)
        self.world = world
        self.dns_port = free_port()
        self.smtp_port = free_port(LISTENING)
        self.dns = f"127.0.0.1:{self.dns_port}"
        self.nsd = self.postfix = None

    def start(self):
        try:
            self._start_nsd()
            self._start_postfix()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for process in (self.nsd, self.postfix):
            if process is not None:
                process.end()

    def query(self, name, kind, seconds=5):
        question = dns.message.make_query(name, kind)
        return dns.query.udp(question, "127.0.0.1", timeout=seconds, port=self.dns_port)

    def _start_nsd(self):
        folder = self.folder / "nsd"
        folder.mkdir(parents=True)
        (folder / "test.zone").write_text(self._zone())
        conf = NSD_CONF.format(port=self.dns_port, folder=folder)
        conf += 'zone:\n  name: "test"\n  zonefile: "test.zone"\n'
        # A zone whose file cannot be read: the server answers SERVFAIL for it.
        for domain in self.world.of_kind("broken_dns"):
            conf += f'zone:\n  name: "{domain.name}"\n  zonefile: "missing.zone"\n'
        (folder / "nsd.conf").write_text(conf)
        self.nsd = Process("nsd", ["nsd", "-d", "-c", folder / "nsd.conf"],
                           folder / "nsd.log").start()

        def answers():
            try:
                return self.query("mx1.hosts.test", "A", seconds=0.3).answer
            except (OSError, dns.exception.Timeout):
                return False
        self.nsd.wait_for(answers, START_SECONDS, "answers a query")

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

    def _start_postfix(self):
        if os.geteuid() != 0:
            raise AssertionError("the laboratory's Postfix needs root; run the tests as root")
        folder = self.folder / "postfix"
        for part in ("", "queue", "data"):
            (folder / part).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        self._write_tables(folder)
        self._make_certificate(folder)
        (folder / "main.cf").write_text(MAIN_CF.format(folder=folder))
        (folder / "master.cf").write_text(MASTER_CF.format(smtpd=self._services()))
        check = subprocess.run(["postfix", "-c", folder, "check"], capture_output=True, text=True,
                               check=False)
        assert check.returncode == 0, f"postfix check: {check.stderr}{check.stdout}"
        self.postfix = Process("postfix", [POSTFIX_MASTER, "-c", folder, "-d"],
                               folder / "master.log").start()
        for address in LISTENING:
            self.postfix.wait_for(lambda address=address: self._greets(address), START_SECONDS,
                                  f"greets on {address}:{self.smtp_port}")

    def _greets(self, address):
        try:
            with socket.create_connection((address, self.smtp_port), timeout=5) as connection:
                return connection.recv(100).startswith(b"220")
        except OSError:
            return False

    def _services(self):
        names = {address: host for host, address in HOSTS.items()}
        lines = []
        for address in LISTENING:
            host = names.get(address, "implicit.hosts.test")
            tls = "encrypt" if host == TLS_HOST else "none"
            lines.append(f"{address}:{self.smtp_port} inet n - n - {SMTPD_PROCESSES_MAX} smtpd\n"
                         f"  -o myhostname={host} -o smtpd_tls_security_level={tls}")
        return "\n".join(lines)

    def _write_tables(self, folder):
        takes_mail = ("hosted", "hosted_tls", "shared", "failover", "implicit", "catch_all")
        catch_all = [f"@{domain.name}" for domain in self.world.of_kind("catch_all")]
        tables = {
            "domains": {domain.name: "yes" for domain in self.world.of_kind(*takes_mail)},
            "mailboxes": dict.fromkeys(self.world.mailboxes() + catch_all, "mailbox"),
            "replies": self.world.replies(),
        }
        for name, rows in tables.items():
            (folder / name).write_text("".join(f"{k} {v}\n" for k, v in rows.items()))

    def _make_certificate(self, folder):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", f"/CN={TLS_HOST}", "-keyout", folder / "key.pem",
             "-out", folder / "certificate.pem"], check=True, capture_output=True)
        os.chown(folder / "key.pem", pwd.getpwnam("postfix").pw_uid, 0)
