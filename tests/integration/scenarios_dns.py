"""Where the mail of a domain goes: records of every kind, and name servers that fail."""
from scenario import OWN, UNALLOWED, Mx, Scenario, one
from scripted_smtp import Server

VALID, DNS = "valid accepted_email", "unknown dns_error"
NO_CONNECT, NO_MX = "unknown no_connect", "invalid no_mx"

RECORDS = [
    Scenario("MX names an alias", VALID, (Mx(Server(), alias=True),)),
    Scenario("MX names an alias of itself", DNS,
             zone=("{domain}. MX 10 loop.{domain}.", "loop.{domain}. CNAME back.{domain}.",
                   "back.{domain}. CNAME loop.{domain}.")),
    Scenario("MX host does not exist", NO_CONNECT, zone=("{domain}. MX 10 gone.{domain}.",)),
    Scenario("MX host has no address", NO_CONNECT, (Mx(None, addresses=()),)),
    Scenario("one MX host has no address", VALID,
             (Mx(None, preference=5, addresses=()), Mx(Server()))),
    Scenario("MX is an address", NO_MX, zone=("{domain}. MX 10 127.0.0.1.",)),
    Scenario("MX is localhost", NO_MX, zone=("{domain}. MX 10 localhost.",)),
    Scenario("null MX beside a real one", VALID, one(Server()), zone=("{domain}. MX 0 .",)),
    Scenario("MX at an address that is not allowed", NO_CONNECT,
             (Mx(None, addresses=(UNALLOWED,)),)),
    Scenario("MX at the unspecified address", NO_CONNECT, (Mx(None, addresses=("0.0.0.0",)),)),
    Scenario("MX at an IPv4 address in IPv6 form", NO_CONNECT,
             (Mx(None, addresses=("::ffff:" + UNALLOWED,)),)),
    Scenario("first MX not allowed, the second is", VALID,
             (Mx(None, preference=5, addresses=(UNALLOWED,)), Mx(Server()))),
    Scenario("one MX host with an allowed and another address", VALID,
             (Mx(Server(), addresses=(UNALLOWED, OWN)),)),
    Scenario("IPv6 only", VALID, (Mx(Server(), addresses=("::1",)),)),
    Scenario("IPv4 address dead, IPv6 lives", VALID,
             (Mx(Server(), addresses=("127.32.255.254", "::1")),)),
    Scenario("address record only, IPv6", VALID, (Mx(Server(), addresses=("::1",)),),
             implicit=True),
    Scenario("address record only, nothing listens", NO_CONNECT, one(None), implicit=True),
    Scenario("text record only", NO_MX, zone=('{domain}. TXT "v=spf1 -all"',)),
    Scenario("domain is an alias of one with MX", VALID,
             zone=("{domain}. CNAME target-of-alias.test.",
                   "target-of-alias.test. MX 10 mx1.mailbox-exists.test.")),
    Scenario("domain is an alias of itself", DNS,
             zone=("{domain}. CNAME and.{domain}.", "and.{domain}. CNAME {domain}.")),
    Scenario("IDN domain in capitals", VALID, one(Server()), domain="MÜNCHEN.test"),
    Scenario("IDN domain, mailbox unknown", "invalid rejected_email", one(Server(mailboxes={})),
             domain="грета.test"),
]

FAILING = [
    Scenario("resolver answers REFUSED", DNS, dns="refused"),
    Scenario("resolver answers FORMERR", DNS, dns="formerr"),
    Scenario("resolver is silent", DNS, dns="silent"),
    Scenario("resolver answers garbage", DNS, dns="garbage"),
    Scenario("resolver answers another question", DNS, dns="other_question"),
    Scenario("resolver answers a name that points at itself", DNS, dns="loop"),
    Scenario("answer truncated, whole over TCP", VALID, one(Server()), dns="truncated"),
    Scenario("first query lost", VALID, one(Server()), dns="lost_once"),
    Scenario("MX known, its addresses SERVFAIL", DNS, one(Server()),
             dns="broken_addresses"),
]


def real(server, name, right, local="alice", **more):
    """An address at one of the real servers; what they know is in laboratory.py."""
    return Scenario(f"{server}: {name}", right, domain=more.pop("domain", f"{server}.test"),
                    local=local, **more)


REAL = [
    real("postfix", "mailbox exists", VALID),
    real("postfix", "mailbox does not exist", "invalid rejected_email", "nobody"),
    real("postfix", "over quota", "risky mailbox_full", "full"),
    real("postfix", "catch-all", "risky catch_all", domain="all.postfix.test"),
    real("postfix", "domain not hosted", "invalid domain_not_hosted",
         domain="strange.postfix.test"),
    real("postgrey", "greylisted in a list", "unknown greylisted", code=450, stage="rcpt_to"),
    real("postgrey", "greylisted at once", "unknown greylisted", "bert", timeout_ms=20_000,
         code=450),
    real("exim", "mailbox exists", VALID),
    real("exim", "mailbox does not exist", "invalid rejected_email", "nobody"),
    real("exim", "over quota", "risky mailbox_full", "full"),
    real("exim", "domain not hosted", "invalid domain_not_hosted",
         domain="strange.exim.test"),
    real("exim", "international mailbox", VALID, "jürgen"),
    real("opensmtpd", "mailbox exists", VALID),
    real("opensmtpd", "mailbox does not exist", "invalid rejected_email", "nobody"),
    real("opensmtpd", "international mailbox", "invalid eai_not_supported", "jürgen"),
]
