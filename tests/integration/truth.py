"""The world of the laboratory: 500 domains, 10,000 addresses, and what is true of each.

Everything follows from one seed. Mail servers and name server are made from this description, and
the verdicts of the program are compared with it; nothing here knows the program.
"""
import random
from collections import Counter
from dataclasses import dataclass, field

SEED = 20250115
ADDRESSES = 10_000

# Hosts of the zone, and where they listen. The dead ones are addresses on which nothing does.
LIVE_HOSTS = {f"mx{i}.hosts.test": f"127.0.0.{i + 1}" for i in range(1, 7)}
TLS_HOST = "tls.hosts.test"         # demands STARTTLS before MAIL FROM
IMPLICIT_ADDRESS = "127.0.0.9"      # of the domains that have no MX
HOSTS = {**LIVE_HOSTS, TLS_HOST: "127.0.0.8", "dead1.hosts.test": "127.0.0.66",
         "dead2.hosts.test": "127.0.0.67"}
LISTENING = [*LIVE_HOSTS.values(), HOSTS[TLS_HOST], IMPLICIT_ADDRESS]

# kind: (domains, addresses of each, what is true of every address there, or None when it depends)
KINDS = {
    "hosted": (140, None, None),            # one MX, six hosts shared by all
    "hosted_tls": (10, 8, None),            # the MX demands TLS
    "shared": (60, None, None),             # the same two MX for all of them
    "failover": (60, None, None),           # the preferred MX is dead, the second lives
    "implicit": (40, None, None),           # no MX, the domain's own address takes the mail
    "catch_all": (60, 10, ("risky", "catch_all")),
    "null_mx": (30, 10, ("invalid", "null_mx")),
    "text_only": (30, 10, ("invalid", "no_mx")),
    "nonexistent": (40, 8, ("invalid", "invalid_domain")),
    "all_dead": (15, 4, ("unknown", "no_connect")),
    "broken_dns": (5, 2, ("unknown", "dns_error")),
    "not_hosted": (10, 5, ("invalid", "domain_not_hosted")),
}
ASKING_SERVERS = ("hosted", "hosted_tls", "shared", "failover", "implicit")

# What a server says of a mailbox: share of the addresses, reply (None: by the table of mailboxes).
MAILBOXES = [
    ("accepted", 56, None, ("valid", "accepted_email")),
    ("missing", 34, None, ("invalid", "rejected_email")),
    ("full", 4, "452 4.2.2 The email account that you tried to reach is over quota",
     ("risky", "mailbox_full")),
    ("disabled", 3, "550 5.2.1 The email account that you tried to reach is disabled",
     ("invalid", "mailbox_disabled")),
    ("greylisted", 3, "450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help",
     ("unknown", "greylisted")),
]

DISPOSABLE_DOMAINS = ["mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com",
                      "trashmail.com", "sharklasers.com", "maildrop.cc", "temp-mail.org"]
DISPOSABLE = 100
INTERNATIONAL = 10    # local parts beyond ASCII, which these servers do not take
SYNTAX_ERRORS = 200
SYNTAX_SAMPLES = [
    "no.at.sign.{n}", "two@signs{n}@{d}", ".begins.with.dot{n}@{d}", "ends.with.dot{n}.@{d}",
    "two..dots{n}@{d}", "a space{n}@{d}", "nothing.after{n}@", "dot.before{n}@.{d}",
    "dots.within{n}@a..{d}", "hyphen{n}@-first.{d}", "hyphen{n}@last-.{d}", "comma,{n}@{d}",
    "literal{n}@[192.0.2.1]", "comment{n}(c)@{d}", '"open.quote{n}@{d}', "under{n}@score_.{d}",
    "semicolon;{n}@{d}", "<angle{n}@{d}>", "x" * 61 + "{n:04d}@{d}",
    "label{n}@" + "y" * 64 + ".test",
]

FIRST = ("anna ben clara david elena felix greta hanno ines jonas karla lukas marta nils olga paul "
         "quirin rosa stefan tilda ulf vera wim xenia yann zoe amir bea carlos dora").split()
LAST = ("albrecht bauer christie dupont eriksen fischer garcia huber ivanov jansen kowalski larsen "
        "meier novak okafor petrov quast rossi schulz tanaka ueda varga weber yilmaz zeman").split()
PLACES = ("harbor meadow granite willow cobalt juniper lantern orchard pebble quarry river saddle "
          "timber umber violet walnut yarrow zephyr amber birch").split()
ROLES = ["postmaster", "info", "support", "sales", "abuse"]


@dataclass
class Domain:
    name: str                       # in A-labels
    kind: str
    mx: list = field(default_factory=list)      # (preference, host)
    unicode_name: str = ""          # how people write it, where that is another way


@dataclass
class Address:
    email: str
    status: str
    reason: str
    reply: str = ""                 # the server's, where the table of mailboxes does not say
    recipient: str = ""             # what the mail server knows as the mailbox
    is_role: bool = False
    domain: str = ""


class World:
    """domains: list of Domain; addresses: list of Address in the order in which they are sent."""

    def __init__(self, seed=SEED, addresses=ADDRESSES):
        self.random = random.Random(seed)
        self.domains = self._make_domains()
        self.addresses = self._make_addresses(addresses)
        self.by_email = {address.email: address for address in self.addresses}
        assert len(self.addresses) == addresses == len(self.by_email)

    def summary(self):
        """What the summary of a job with all addresses must say."""
        count = Counter(address.status for address in self.addresses)
        reasons = Counter(address.reason for address in self.addresses)
        return {"total": len(self.addresses), "valid": count["valid"],
                "invalid": count["invalid"], "risky": count["risky"], "unknown": count["unknown"],
                "disposable": reasons["disposable"], "catch_all": reasons["catch_all"],
                "role": sum(address.is_role for address in self.addresses), "duplicates": 0}

    def mailboxes(self):
        """The recipients that the mail servers know."""
        return sorted({address.recipient for address in self.addresses if address.recipient})

    def replies(self):
        """recipient: reply, for those that the servers answer in a way of their own."""
        return {address.recipient: address.reply for address in self.addresses if address.reply}

    def of_kind(self, *kinds):
        return [domain for domain in self.domains if domain.kind in kinds]

    def _make_domains(self):
        domains = []
        for kind, (count, _, _) in KINDS.items():
            for i in range(count):
                name = f"{self.random.choice(PLACES)}-{kind.replace('_', '')}{i:03d}.test"
                domains.append(Domain(name, kind, self._exchangers(kind, i)))
        for domain in domains[:5]:
            domain.unicode_name = "bücher-" + domain.name
            domain.name = domain.unicode_name.encode("idna").decode()
        return domains

    def _exchangers(self, kind, i):
        live = list(LIVE_HOSTS)
        one = live[i % len(live)]
        return {
            "hosted": [(10, one)], "hosted_tls": [(10, TLS_HOST)],
            "shared": [(10, live[0]), (20, live[1])],
            "failover": [(5, f"dead{i % 2 + 1}.hosts.test"), (10, live[i % 3])],
            "catch_all": [(10, one)], "null_mx": [(0, ".")],
            "all_dead": [(10, "dead1.hosts.test"), (20, "dead2.hosts.test")],
            "not_hosted": [(10, live[2]), (20, live[3])],
        }.get(kind, [])

    def _make_addresses(self, wanted):
        made = self._syntax_errors() + self._disposable()
        for domain in self.domains:
            _, count, truth = KINDS[domain.kind]
            if truth is not None:
                made += [self._address(domain, i, truth) for i in range(count)]
            elif count is not None:
                made += [self._asked(domain, i) for i in range(count)]
        without_idn = self.of_kind("hosted")[5:]
        made += [self._international(domain) for domain in without_idn[:INTERNATIONAL]]
        others = [domain for domain in self.domains
                  if KINDS[domain.kind][1] is None and KINDS[domain.kind][2] is None]
        for i in range(wanted - len(made)):
            made.append(self._asked(others[i % len(others)], i))
        self.random.shuffle(made)
        return made

    def _person(self, i):
        return f"{self.random.choice(FIRST)}.{self.random.choice(LAST)}{i}"

    def _address(self, domain, i, truth):
        return Address(f"{self._person(i)}@{domain.name}", *truth, domain=domain.name)

    def _asked(self, domain, i):
        """An address whose truth is what the mail server knows of the mailbox."""
        weights = [share for _, share, _, _ in MAILBOXES]
        name, _, reply, truth = self.random.choices(MAILBOXES, weights)[0]
        local, role = self._person(i), False
        if name == "accepted" and domain.kind == "shared" and i % 10 == 0:
            local, role = self.random.choice(ROLES) + f"+{i}", True
        recipient = "" if name == "missing" else f"{local}@{domain.name}"
        written = domain.unicode_name or domain.name
        if i % 17 == 0:
            written = written.upper() if written.isascii() else written
        elif i % 13 == 0 and not role:
            # The tag is for the recipient's eyes: the mailbox is the one without it.
            return Address(f"{local}+news@{written}", *truth, reply or "", recipient,
                           domain=domain.name)
        return Address(f"{local}@{written}", *truth, reply or "", recipient, role, domain.name)

    def _international(self, domain):
        return Address(f"jürgen.größe@{domain.name}", "invalid", "eai_not_supported",
                       domain=domain.name)

    def _disposable(self):
        return [Address(f"{self._person(i)}@{DISPOSABLE_DOMAINS[i % len(DISPOSABLE_DOMAINS)]}",
                        "risky", "disposable") for i in range(DISPOSABLE)]

    def _syntax_errors(self):
        domain = self.of_kind("hosted")[20].name
        return [Address(SYNTAX_SAMPLES[i % len(SYNTAX_SAMPLES)].format(n=i, d=domain),
                        "invalid", "invalid_email") for i in range(SYNTAX_ERRORS)]


def differences(world, results, limit=30):
    """A table of the results that are not the truth; empty when all are."""
    wrong = []
    for address, result in zip(world.addresses, results):
        got = (result.get("email"), result.get("status"), result.get("reason"))
        if got != (address.email, address.status, address.reason):
            smtp = result.get("smtp") or {}
            evidence = f"{smtp.get('stage')} {smtp.get('code')} {smtp.get('message')}"
            wrong.append(f"  {address.email} should be {address.status}/{address.reason}, is "
                         f"{result.get('email')} {got[1]}/{got[2]} ({evidence})")
    if len(results) != len(world.addresses):
        wrong.insert(0, f"  {len(results)} results for {len(world.addresses)} addresses")
    more = [f"  … and {len(wrong) - limit} more"] if len(wrong) > limit else []
    return "\n".join(wrong[:limit] + more)
