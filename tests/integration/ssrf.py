"""Targets that an attacker would give: 120 spellings of addresses that nobody is to reach, names
that lead to them, and listeners that count who came.

FORMS says for each what stands between `http://` and the port, what stops it as a literal target
("url": the API answers 400; "address": the address filter; "dns": no such name), and the address
that it is meant to reach.
"""
import collections
import itertools
import socket
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

ALLOWED_RANGE = "127.0.7.0/24"
ALLOWED = "127.0.7.1"
OTHER_ALLOWED = "127.0.7.9"
URL, ADDRESS, NAME = "url", "address", "dns"

# Loopback, in every spelling of one address that some parser takes.
LOOPBACK = [
    ("127.0.0.1", ADDRESS), ("127.1.2.3", ADDRESS), ("127.255.255.254", ADDRESS),
    ("127.0.6.255", ADDRESS), ("127.0.8.0", ADDRESS),
    ("2130706433", URL), ("0x7f000001", URL), ("0x7F000001", URL), ("017700000001", URL),
    ("0177.0.0.1", URL), ("0x7f.0.0.1", URL), ("0x7f.0x0.0x0.0x1", URL), ("127.0.0.0x1", URL),
    ("127.0.1", URL), ("127.1", URL), ("0x7f.1", URL), ("0177.1", URL), ("127.0.0.01", URL),
    ("127.000.000.001", URL), ("0127.0.0.1", URL), ("127.0.0.1.", URL), ("127.0.0.1..", URL),
    (".127.0.0.1", URL), ("127..0.0.1", URL), ("127.0.0.256", URL), ("127.0.0.1.0", URL),
    ("4425673729", URL), ("127.0.0.+1", URL), ("127.0.0.1%00", URL), ("%31%32%37.0.0.1", URL),
    ("127%2e0%2e0%2e1", URL), ("127.0.0.1%2f", URL), ("127.0.0.1%0d%0a", URL),
    ("１２７.0.0.1", URL), ("①②⑦.⓪.⓪.①", URL), ("127。0。0。1", URL), ("127.0.0.1\t", URL),
    (" 127.0.0.1", URL), ("127.0.0.1 ", URL),
    ("localhost", ADDRESS), ("LOCALHOST", ADDRESS), ("LocalHost", ADDRESS), ("localhost.", URL),
    ("ⓛocalhost", URL), ("loc\u00adalhost", URL), ("localhost%00.allowed.test", URL),
    ("localhost.localdomain", NAME), ("ip6-localhost", NAME), ("app.localhost", NAME),
]
# What one parser takes for the user's name, another for the host.
CONFUSING = [
    ("allowed.test@127.0.0.1", URL), ("127.0.7.1@127.0.0.1", URL), ("a:b@127.0.0.1", URL),
    ("127.0.7.1:80@127.0.0.1", URL), ("127.0.0.1#@allowed.test", URL),
    ("127.0.0.1\\@allowed.test", URL), ("allowed.test\\.127.0.0.1", URL), ("@127.0.0.1", URL),
    ("127.0.0.1:80:", URL), ("allowed.test#.127.0.0.1", URL), ("127.0.0.1;allowed.test", URL),
    ("127.0.0.1,allowed.test", URL), ("127.0.0.1|allowed.test", URL),
    ("allowed.test@127.0.0.1@allowed.test", URL),
]
UNSPECIFIED = [
    ("0.0.0.0", ADDRESS), ("0", URL), ("0x0", URL), ("00", URL), ("0.0", URL), ("0.1.2.3", ADDRESS),
    ("[::]", ADDRESS), ("[0:0:0:0:0:0:0:0]", ADDRESS), ("[::0]", ADDRESS),
]
# IPv6, also with IPv4 inside.
V6 = [
    ("[::1]", ADDRESS), ("[0:0:0:0:0:0:0:1]", ADDRESS), ("[0000::0001]", ADDRESS),
    ("[::ffff:127.0.0.1]", URL), ("[::ffff:7f00:1]", URL), ("[::FFFF:7F00:1]", URL),
    ("[0:0:0:0:0:ffff:7f00:1]", URL), ("[::127.0.0.1]", URL), ("[::7f00:1]", URL),
    ("[::ffff:0:127.0.0.1]", URL), ("[64:ff9b::7f00:1]", ADDRESS), ("[64:ff9b::127.0.0.1]", URL),
    ("[64:ff9b:1::7f00:1]", ADDRESS), ("[2002:7f00:1::]", ADDRESS), ("[2002:7f00:1::1]", ADDRESS),
    ("[2001:0:7f00:1::]", ADDRESS), ("[::1%25lo]", URL), ("[::1%lo]", URL), ("[fe80::1]", ADDRESS),
    ("[fe80::1%25eth0]", URL), ("[fec0::1]", ADDRESS), ("[fc00::1]", ADDRESS),
    ("[fd00:ec2::254]", ADDRESS), ("[ff02::1]", ADDRESS), ("[2001:db8::1]", ADDRESS),
    ("[100::1]", ADDRESS), ("[5f00::1]", ADDRESS), ("[3fff::1]", ADDRESS), ("::1", URL),
    ("[127.0.0.1]", URL), ("[::1", URL), ("[[::1]]", URL), ("[v1.127.0.0.1]", URL),
]
# The services of clouds that hand out credentials, and networks that are not the internet.
INSIDE = [
    ("169.254.169.254", ADDRESS), ("2852039166", URL), ("0xa9fea9fe", URL), ("169.254.43518", URL),
    ("0251.0376.0251.0376", URL), ("169.254.170.2", ADDRESS), ("100.100.100.200", ADDRESS),
    ("168.63.129.16", ADDRESS), ("192.0.0.192", ADDRESS), ("metadata.google.internal", NAME),
    ("10.0.0.1", ADDRESS), ("172.16.0.1", ADDRESS), ("172.31.255.255", ADDRESS),
    ("192.168.0.1", ADDRESS), ("100.64.0.1", ADDRESS), ("198.18.0.1", ADDRESS),
    ("192.0.2.1", ADDRESS), ("224.0.0.1", ADDRESS), ("240.0.0.1", ADDRESS),
    ("255.255.255.255", ADDRESS),
]
FORMS = LOOPBACK + CONFUSING + UNSPECIFIED + V6 + INSIDE

# What a name may answer, all of it forbidden: the addresses that the spellings above mean.
TARGETS = sorted({form.strip("[]") for form, refused in FORMS
                  if refused == ADDRESS and form.lower() != "localhost"} |
                 {"::ffff:127.0.0.1", "::7f00:1"})


def target_of(number):
    """Each form has a name of its own, and each target has several."""
    return TARGETS[number % len(TARGETS)]


class Listeners:
    """One port on all addresses of this machine, old and new family: who came where."""

    def __init__(self, port, answer):
        self.port = port
        self.answer = answer            # of the path
        self.visits = collections.Counter()
        self.sockets = [socket.create_server(("0.0.0.0", port), backlog=256),
                        socket.create_server(("::", port), family=socket.AF_INET6, backlog=256)]
        for listener in self.sockets:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.visits[connection.getsockname()[0]] += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                path, length = stream.readline().split(b" ")[1].decode(), 0
                for line in iter(stream.readline, b"\r\n"):
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                stream.read(length)
                self.visits[path] += 1
                connection.sendall(self.answer(path).encode())
        except (OSError, IndexError, ValueError):
            pass    # it went away

    def came_to_forbidden(self):
        return {who: count for who, count in self.visits.items()
                if not who.startswith(("127.0.7.", "/"))}

    def close(self):
        for listener in self.sockets:
            listener.close()


class Names:
    """A name server on 127.0.0.1 over UDP: `records` is {name: [addresses of the first question,
    of the second, …]}; the last ones stay. Nothing may be kept: the time to live is 0."""

    def __init__(self, port, records):
        self.records = records
        self.asked = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                wire, peer = self.socket.recvfrom(4096)
                self.socket.sendto(self.reply(wire), peer)
            except (OSError, dns.exception.DNSException):
                if self.socket.fileno() < 0:
                    return

    def reply(self, wire):
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        rounds = self.records.get(name)
        if rounds is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
            return reply.to_wire()
        kind = dns.rdatatype.to_text(question.rdtype)
        # Each kind is asked for once a round.
        number = min(self.asked[name, kind], len(rounds) - 1)
        self.asked[name, kind] += 1
        found = [text for text in rounds[number] if (":" in text) == (kind == "AAAA")]
        if found and kind in ("A", "AAAA"):
            reply.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *found))
        return reply.to_wire()

    def close(self):
        self.socket.close()


def names_of(forms):
    """The zone of all names that the tests use."""
    records = {"allowed.test": [[ALLOWED]], "both.allowed.test": [[ALLOWED, OTHER_ALLOWED]]}
    for number in range(len(forms)):
        target = target_of(number)
        records[f"n{number}.name.test"] = [[target]]
        records[f"n{number}.rebind.test"] = [[ALLOWED], [target]]
        mixed = [ALLOWED, target] if number % 2 else [target, ALLOWED]
        records[f"n{number}.mixed.test"] = [mixed]
    return records


def numbered(forms):
    return zip(itertools.count(), forms)
