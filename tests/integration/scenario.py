"""What a scenario of the laboratory is: a domain, its mail servers, and the right answer.

The tables are in scenarios_*.py and come together in scenarios.py.
"""
import re
import unicodedata
from dataclasses import dataclass, field

from scripted_smtp import OK, Server

BULK = 0
OWN = "{own}"           # the address that the laboratory gives to a host
UNALLOWED = "127.99.0.1"    # outside network.allow; a trap listens there
DEFAULT = object()

# What other verifiers answer, in the order of docs/comparison.md.
PEERS = ("AfterShip", "deep-email-validator", "truemail", "zytzagoo", "Reacher")
LETTERS = {"y": "valid", "n": "invalid", "u": "unknown", "r": "risky", "-": "–"}


@dataclass(frozen=True)
class Mx:
    """A mail host of the domain: a scripted server, or None: nothing listens there."""
    server: Server | None = None
    preference: int = 10
    host: str = ""                      # its name; else mx<n>.<domain>
    addresses: tuple = (OWN,)           # empty: it has none
    alias: bool = False                 # the MX record names a CNAME of the host
    tls: bool | None = None             # whether the recipients are asked under TLS
    dialled: bool | None = None         # whether it may be connected to at all


@dataclass(frozen=True)
class Scenario:
    """One address and what is true of it."""
    name: str
    right: str                          # "status reason"
    mx: tuple = ()
    local: str = "alice"
    domain: str = ""                    # else made from the name
    implicit: bool = False              # no MX record; the first of mx is the domain itself
    nonexistent: bool = False
    zone: tuple = ()                    # more records; {domain} stands for the name
    dns: str = ""                       # how the name server misbehaves (scripted_dns.py)
    resolver_down: bool = False         # no name server answers at all
    catch_all: object = DEFAULT         # is_catch_all, where it does not follow from the reason
    code: int | None = None             # the evidence: the reply's code …
    stage: str | None = None            # … and where it came
    crowd: int = 0                      # so many more mailboxes in the list; all exist
    ours: str = ""                      # what we answer where that falls short of `right`
    timeout_ms: int = BULK              # by POST /v1/verify with this limit, not in the list
    peers: dict = field(default_factory=dict)

    @property
    def id(self):
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")

    @property
    def domain_name(self):
        return self.domain or f"{self.id}.test"

    @property
    def ascii_domain(self):
        return self.domain_name.encode("idna").decode().lower()

    @property
    def email(self):
        return f"{self.local}@{self.domain_name}"

    @property
    def verdict(self):
        """What the program is to say."""
        return self.ours or self.right

    @property
    def crowd_emails(self):
        return [f"crowd{i}@{self.domain_name}" for i in range(self.crowd)]

    @property
    def is_catch_all(self):
        if self.catch_all is not DEFAULT:
            return self.catch_all
        return {"accepted_email": False, "catch_all": True}.get(self.verdict.split()[1])


def peers(*answers):
    """Of PEERS in their order; one letter each, or words. What is missing is not known."""
    return {name: LETTERS.get(answer, answer) for name, answer in zip(PEERS, answers)}


def one(server, **more):
    """The mail hosts of a domain with one."""
    return (Mx(server, **more),)


def at_rcpt(name, reply, right, **more):
    """The server says this of alice, and of everybody else that they are unknown."""
    host = more.pop("host", "")
    evidence = {"code": int(reply[:3]), "stage": "rcpt_to"} if reply != OK else {}
    return Scenario(name, right, one(Server(mailboxes={"alice": reply}), host=host),
                    **{**evidence, **more})


def at_mail(name, reply, right, **more):
    return Scenario(name, right, one(Server(mail=reply)), **more)


def at_banner(name, reply, right, **more):
    return Scenario(name, right, one(Server(banner=reply)), **more)
