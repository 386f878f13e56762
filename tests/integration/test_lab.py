"""The laboratory says what the description of its world says, asked without the program."""
import smtplib

import dns.rcode
import pytest
from truth import HOSTS, KINDS, LISTENING, TLS_HOST, World

RECIPIENTS_OF_EACH_REASON = 25


def test_the_world_is_the_same_on_every_run_and_has_every_address_once():
    one, other = World(), World()
    assert [a.email for a in one.addresses] == [a.email for a in other.addresses]
    assert len(one.domains) == 500 == sum(count for count, _, _ in KINDS.values())
    assert len({a.email.lower() for a in one.addresses}) == 10_000
    assert sum(one.summary()[s] for s in ("valid", "invalid", "risky", "unknown")) == 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_server_answers_by_the_kind_of_the_domain(lab, world, kind):
    for domain in world.of_kind(kind):
        answer = lab.query(domain.name, "MX")
        wanted = {"nonexistent": dns.rcode.NXDOMAIN, "broken_dns": dns.rcode.SERVFAIL}
        assert answer.rcode() == wanted.get(kind, dns.rcode.NOERROR), domain
        records = [(r.preference, str(r.exchange)) for rrset in answer.answer for r in rrset]
        assert sorted(records) == sorted((p, h.rstrip(".") + ".") for p, h in domain.mx), domain
        has_address = bool(lab.query(domain.name, "A").answer)
        assert has_address == (kind == "implicit"), domain


def ask(connection, recipient):
    """(code, text) of RCPT TO in a transaction of its own."""
    connection.rset()
    connection.mail("verify@probe.hosts.test")
    code, text = connection.rcpt(recipient)
    return code, text.decode()


def expected_code(address):
    if address.reply:
        return int(address.reply[:3])
    accepted = address.reason in ("accepted_email", "catch_all")
    return {"domain_not_hosted": 554}.get(address.reason, 250 if accepted else 550)


def test_the_mail_servers_answer_by_the_truth_of_the_mailbox(lab, world):
    asked = {}
    by_name = {domain.name: domain for domain in world.domains}
    connections = {}
    for address in world.addresses:
        domain = by_name.get(address.domain)
        alive = domain and [HOSTS[host] for _, host in domain.mx
                            if host in HOSTS and HOSTS[host] in LISTENING]
        if domain and domain.kind == "implicit":
            alive = [LISTENING[-1]]
        skipped = address.reason == "eai_not_supported" or not address.email.isascii()
        if not alive or skipped or asked.get(address.reason, 0) >= RECIPIENTS_OF_EACH_REASON:
            continue
        asked[address.reason] = asked.get(address.reason, 0) + 1
        if alive[0] not in connections:
            connections[alive[0]] = connection = smtplib.SMTP(alive[0], lab.smtp_port, timeout=20)
            if alive[0] == HOSTS[TLS_HOST]:
                connection.starttls()
            connection.ehlo()
        code, text = ask(connections[alive[0]], address.email)
        assert code == expected_code(address), (address, code, text)
        if address.reply:
            assert address.reply[4:9] in text, (address, text)
    for connection in connections.values():
        connection.quit()
    assert set(asked) == {"accepted_email", "rejected_email", "mailbox_full", "mailbox_disabled",
                          "greylisted", "catch_all", "domain_not_hosted"}


def test_a_host_that_demands_tls_refuses_mail_without(lab):
    with smtplib.SMTP(HOSTS[TLS_HOST], lab.smtp_port, timeout=20) as connection:
        connection.ehlo()
        assert connection.has_extn("STARTTLS")
        assert connection.mail("verify@probe.hosts.test")[0] == 530


@pytest.mark.parametrize("host", ["dead1.hosts.test", "dead2.hosts.test"])
def test_nothing_listens_on_a_dead_host(lab, host):
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(HOSTS[host], lab.smtp_port, timeout=5)
