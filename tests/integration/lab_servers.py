"""The real servers that laboratories are made of: NSD, Postfix, postgrey, Exim and OpenSMTPD.

Each runs from a folder of ours and leaves the system's own alone. The mail servers need root, for
they change to users of their own; no mail is ever delivered. Exim and OpenSMTPD cannot be installed
beside Postfix: tools/setup unpacks them into build/servers, and they run in a mount namespace where
the folders whose names are compiled into them are empty ones.
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

from processes import Process

UNPACKED = Path(__file__).resolve().parents[2] / "build/servers"
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

EXIM_CONF = """
primary_hostname = {host}
domainlist here = {domain}
daemon_smtp_ports = {port}
local_interfaces = {address}
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtputf8_advertise_hosts = *
acl_smtp_rcpt = recipient
begin acl
recipient:
  deny domains = !+here
       message = relay not permitted
  defer local_parts = full
        message = 4.2.2 mailbox is full: quota exceeded
  require verify = recipient
  accept
begin routers
known:
  driver = accept
  domains = +here
  local_parts = {mailboxes}
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""

OPENSMTPD_CONF = """
table mailboxes {{ {mailboxes} }}
table recipients {{ {recipients} }}
listen on {address} port {port} hostname {host}
action "keep" maildir "/nowhere" virtual <mailboxes>
match from any for rcpt-to <recipients> action "keep"
"""

# Users and folders that exist for this server alone, then the server itself.
IN_ITS_OWN_NAMESPACE = """
set -e
for file in passwd group; do mount --bind "$1/$file" "/etc/$file"; done
for folder in /run /var/spool /var/lib; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p -m 711 /var/lib/opensmtpd /var/lib/opensmtpd/empty /var/spool/smtpd
shift
exec "$@"
"""
USERS_IN_THE_NAMESPACE = {"Debian-exim": 19001, "opensmtpd": 19002, "opensmtpq": 19003}


def greets(address, port):
    try:
        with socket.create_connection((address, port), timeout=5) as connection:
            return connection.recv(100).startswith(b"220")
    except OSError:
        return False


class Nsd:
    """One NSD on 127.0.0.1; zones is {name: text}. A zone whose text is None cannot be read: the
    server answers SERVFAIL for it."""

    def __init__(self, folder, port, zones):
        self.folder = Path(folder)
        self.port = port
        self.zones = zones
        self.process = None

    def start(self, known_name):
        """Returns when it knows the address of known_name."""
        self.folder.mkdir(parents=True)
        conf = NSD_CONF.format(port=self.port, folder=self.folder)
        for number, (name, text) in enumerate(self.zones.items()):
            conf += f'zone:\n  name: "{name}"\n  zonefile: "{number}.zone"\n'
            if text is not None:
                (self.folder / f"{number}.zone").write_text(text)
        (self.folder / "nsd.conf").write_text(conf)
        self.process = Process("nsd", ["nsd", "-d", "-c", self.folder / "nsd.conf"],
                               self.folder / "nsd.log").start()

        def answers():
            try:
                return self.query(known_name, "A", seconds=0.3).answer
            except (OSError, dns.exception.Timeout):
                return False
        self.process.wait_for(answers, START_SECONDS, "answers a query")
        return self

    def query(self, name, kind, seconds=5):
        question = dns.message.make_query(name, kind)
        return dns.query.udp(question, "127.0.0.1", timeout=seconds, port=self.port)

    def stop(self):
        if self.process is not None:
            self.process.end()


class Postfix:
    """One Postfix on several addresses. services is {address: (host name, options of smtpd)},
    tables is {name: {key: value}} with at least domains, mailboxes and replies."""

    def __init__(self, folder, port, services, tables):
        self.folder = Path(folder)
        self.port = port
        self.services = services
        self.tables = tables
        self.process = None

    def start(self):
        if os.geteuid() != 0:
            raise AssertionError("the laboratory's Postfix needs root; run the tests as root")
        folder = self.folder
        for part in ("", "queue", "data"):
            (folder / part).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        for name, rows in self.tables.items():
            (folder / name).write_text("".join(f"{k} {v}\n" for k, v in rows.items()))
        make_certificate(folder, "mx.hosts.test")
        os.chown(folder / "key.pem", pwd.getpwnam("postfix").pw_uid, 0)
        (folder / "main.cf").write_text(MAIN_CF.format(folder=folder))
        (folder / "master.cf").write_text(MASTER_CF.format(smtpd=self._smtpd()))
        check = subprocess.run(["postfix", "-c", folder, "check"], capture_output=True, text=True,
                               check=False)
        assert check.returncode == 0, f"postfix check: {check.stderr}{check.stdout}"
        self.process = Process("postfix", [POSTFIX_MASTER, "-c", folder, "-d"],
                               folder / "master.log").start()
        for address in self.services:
            self.process.wait_for(lambda address=address: greets(address, self.port),
                                  START_SECONDS, f"greets on {address}:{self.port}")
        return self

    def _smtpd(self):
        lines = []
        for address, (host, options) in self.services.items():
            lines.append(f"{address}:{self.port} inet n - n - {SMTPD_PROCESSES_MAX} smtpd\n"
                         f"  -o myhostname={host}")
            lines += [f"  -o {{ {option} }}" for option in options]
        return "\n".join(lines)

    def stop(self):
        if self.process is not None:
            self.process.end()


class Postgrey:
    """The greylisting service that Postfix asks, on 127.0.0.1."""

    def __init__(self, folder, port, delay_s):
        self.folder = Path(folder)
        self.port = port
        self.delay_s = delay_s
        self.process = None

    def start(self):
        self.folder.mkdir(parents=True)
        shutil.chown(self.folder, "postgrey")
        self.process = Process("postgrey", [
            "postgrey", f"--inet=127.0.0.1:{self.port}", f"--dbdir={self.folder}",
            f"--pidfile={self.folder}/pid", f"--delay={self.delay_s}", "--user=postgrey"],
            self.folder / "postgrey.log").start()

        def listens():
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                return False
        self.process.wait_for(listens, START_SECONDS, "listens")
        return self

    def stop(self):
        if self.process is not None:
            self.process.end()


class UnpackedServer:
    """What Exim and OpenSMTPD have in common: one address, one domain, some mailboxes."""

    package = program = ""
    arguments = ()

    def __init__(self, folder, address, port, host, domain, mailboxes):
        self.folder = Path(folder)
        self.address, self.port, self.host = address, port, host
        self.domain, self.mailboxes = domain, mailboxes
        self.process = None

    def configuration(self):
        raise NotImplementedError

    def start(self):
        program = UNPACKED / self.package / self.program
        assert program.is_file(), f"there is no {program}; make it: tools/setup test"
        self.folder.mkdir(parents=True)
        (self.folder / "spool").mkdir()
        os.chown(self.folder / "spool", USERS_IN_THE_NAMESPACE["Debian-exim"], 0)
        users = "".join(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n"
                        for name, number in USERS_IN_THE_NAMESPACE.items())
        groups = "".join(f"{name}:x:{number}:\n" for name, number in USERS_IN_THE_NAMESPACE.items())
        for name, lines in (("passwd", users), ("group", groups)):
            (self.folder / name).write_text(Path("/etc", name).read_text() + lines)
        conf = self.folder / "server.conf"
        conf.write_text(self.configuration())
        self.process = Process(
            self.package, ["unshare", "--mount", "bash", "-c", IN_ITS_OWN_NAMESPACE, "namespace",
                           self.folder, program, *self.arguments, conf],
            self.folder / "server.log").start()
        self.process.wait_for(lambda: greets(self.address, self.port), START_SECONDS,
                              f"greets on {self.address}:{self.port}")
        return self

    def stop(self):
        if self.process is not None:
            self.process.end()


class Exim(UnpackedServer):
    package, program, arguments = "exim4-daemon-light", "usr/sbin/exim4", ("-bdf", "-C")

    def configuration(self):
        return EXIM_CONF.format(folder=self.folder, address=self.address, port=self.port,
                                host=self.host, domain=self.domain,
                                mailboxes=" : ".join(self.mailboxes))


class OpenSmtpd(UnpackedServer):
    package, program, arguments = "opensmtpd", "usr/sbin/smtpd", ("-d", "-f")

    def configuration(self):
        takers = [f'"{mailbox}@{self.domain}"' for mailbox in self.mailboxes]
        return OPENSMTPD_CONF.format(address=self.address, port=self.port, host=self.host,
                                     mailboxes=", ".join(f"{taker} = nobody" for taker in takers),
                                     recipients=", ".join(takers))


def make_certificate(folder, name):
    """folder/certificate.pem and key.pem, signed by themselves."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / "key.pem",
         "-out", folder / "certificate.pem"], check=True, capture_output=True)
