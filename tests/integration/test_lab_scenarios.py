"""Every scenario of the laboratory has the right verdict, and the program has manners."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from laboratory import RANGE, Laboratory
from processes import free_port, wait_until
from program import Program
from scenarios import SCENARIOS

JOB_SECONDS = 90
VERDICT_SECONDS = 60
LEAVE_SECONDS = 10
BY_ID = {scenario.id: scenario for scenario in SCENARIOS}
ALLOWED = {"network": {"allow": [RANGE, "::1/128"], "allow_http": True},
           "dns": {"timeout_ms": 6000},
           "smtp": {"banner_timeout_ms": 14000, "command_timeout_ms": 4000}}


class Verdicts:
    """All scenarios at once: one list, and a request for each that has a time limit."""

    def __init__(self, program, without_resolver):
        self.program, self.without_resolver = program, without_resolver
        listed = [scenario for scenario in SCENARIOS if not scenario.timeout_ms]
        emails = [email for scenario in listed
                  for email in (scenario.email, *scenario.crowd_emails)]
        job = program.submit(emails, options={"greylist": "skip"})
        alone = [scenario for scenario in SCENARIOS if scenario.timeout_ms]
        with ThreadPoolExecutor(len(alone)) as pool:
            asked = list(pool.map(self._ask, alone))
        program.wait_for_job(job, JOB_SECONDS, states=("completed",))
        results = {result["email"]: result for result in program.download(job)}
        assert len(results) == len(emails)
        self.crowds = {scenario.id: [results[email] for email in scenario.crowd_emails]
                       for scenario in listed}
        self.of = {scenario.id: results[scenario.email] for scenario in listed}
        self.of.update({scenario.id: result for scenario, result in zip(alone, asked)})

    def _ask(self, scenario):
        program = self.without_resolver if scenario.resolver_down else self.program
        return program.post("/v1/verify", {"email": scenario.email,
                                           "timeout_ms": scenario.timeout_ms},
                            seconds=VERDICT_SECONDS)


@pytest.fixture(scope="module", name="laboratory")
def make_laboratory(folder):
    laboratory = Laboratory(folder / "scenarios").start()
    yield laboratory
    laboratory.stop()


@pytest.fixture(scope="module", name="verdicts")
def ask_everything(folder, laboratory):
    program = Program(folder / "asking", laboratory, ALLOWED)
    without_resolver = Program(folder / "without-resolver", laboratory, {
        **ALLOWED, "dns": {"servers": [f"127.0.0.1:{free_port()}"], "timeout_ms": 6000}})
    try:
        program.start()
        without_resolver.start()
        laboratory.play()
        yield Verdicts(program, without_resolver)
    finally:
        program.close()
        without_resolver.close()


@pytest.mark.parametrize("scenario", [pytest.param(s, id=s.id) for s in SCENARIOS])
def test_the_verdict_is_right(verdicts, scenario):
    result = verdicts.of[scenario.id]
    smtp = result["smtp"] or {}
    evidence = f"{smtp.get('stage')} {smtp.get('code')} {smtp.get('message')}"
    assert f"{result['status']} {result['reason']}" == scenario.verdict, evidence
    assert result["is_catch_all"] is scenario.is_catch_all, result
    if scenario.code is not None:
        assert smtp["code"] == scenario.code, result
    if scenario.stage is not None:
        assert smtp["stage"] == scenario.stage, result
    for other in verdicts.crowds.get(scenario.id, []):
        assert (other["status"], other["reason"]) == ("valid", "accepted_email"), other


def connections(laboratory):
    """All there have been, when the program has taken leave of every server that lets it."""
    seen = [(key, connection) for key, host in laboratory.hosts.items()
            for connection in host.connections]
    wait_until(lambda: all(one.over or one.said_goodbye for _, one in seen), LEAVE_SECONDS,
               lambda: f"left: {[key for key, one in seen if not one.over]}")
    return seen


@pytest.mark.usefixtures("verdicts")
def test_nobody_dials_an_address_that_is_not_allowed(laboratory):
    assert not [trap.address for trap in laboratory.traps if trap.connections]


@pytest.mark.usefixtures("verdicts")
def test_hosts_are_dialled_and_secured_as_the_scenario_says(laboratory):
    for (name, number), host in laboratory.hosts.items():
        mx = BY_ID[name].mx[number - 1]
        if mx.dialled is not None:
            assert bool(host.connections) == mx.dialled, (name, number)
        if mx.tls is not None:
            asked = [connection for connection in host.connections
                     if any(line.startswith("RCPT") for line in connection.commands)]
            assert asked and all(connection.tls == mx.tls for connection in asked), (name, number)


@pytest.mark.usefixtures("verdicts")
def test_commands_are_pipelined_only_where_it_is_offered(laboratory):
    hasty = [key for key, connection in connections(laboratory)
             if connection.ahead and not connection.offered_pipelining]
    assert not hasty
    assert any(connection.ahead for _, connection in connections(laboratory))


@pytest.mark.usefixtures("verdicts")
def test_every_server_is_greeted_with_our_name_and_left_with_quit(laboratory):
    for key, connection in connections(laboratory):
        greetings = [line for line in connection.commands if line[:4] in ("EHLO", "HELO")]
        assert all(line.endswith(" probe.hosts.test") for line in greetings), (key, greetings)
        left = connection.said_goodbye or connection.commands[-1:] == ["QUIT"]
        assert left, (key, connection.commands)
        assert "DATA" not in connection.commands, key


@pytest.mark.usefixtures("verdicts")
def test_the_mailbox_is_asked_before_the_catch_all_probe(laboratory):
    host = laboratory.hosts["catch-all-domain", 1]
    asked = [line for line in host.commands() if line.startswith("RCPT")]
    assert asked[0] == "RCPT TO:<alice@catch-all-domain.test>", asked
    assert len(asked) == 2, asked


@pytest.mark.usefixtures("verdicts")
def test_an_unknown_mailbox_costs_no_probe(laboratory):
    host = laboratory.hosts["mailbox-does-not-exist", 1]
    assert len([line for line in host.commands() if line.startswith("RCPT")]) == 1


@pytest.mark.usefixtures("verdicts")
def test_smtputf8_is_said_only_for_international_mailboxes(laboratory):
    for key, connection in connections(laboratory):
        says = any("SMTPUTF8" in line for line in connection.commands)
        needs = any(not line.isascii() for line in connection.commands)
        assert says == needs, (key, connection.commands)


@pytest.mark.usefixtures("verdicts")
def test_a_truncated_answer_is_asked_for_again_over_tcp(laboratory):
    name = BY_ID["answer-truncated-whole-over-tcp"].ascii_domain
    ways = [way for asked, kind, way in laboratory.names.queries if (asked, kind) == (name, "MX")]
    assert ways == ["udp", "tcp"]


@pytest.mark.usefixtures("verdicts")
def test_a_list_costs_one_lookup_a_domain_one_question_a_mailbox_and_one_probe(laboratory):
    scenario = BY_ID["all-pipelined-replies-at-once"]
    lookups = [kind for asked, kind, _ in laboratory.names.queries
               if (asked, kind) == (scenario.ascii_domain, "MX")]
    assert lookups == ["MX"]
    host = laboratory.hosts[scenario.id, 1]
    recipients = [line for line in host.commands() if line.startswith("RCPT")]
    assert len(recipients) == len(set(recipients)) == 1 + scenario.crowd + 1
    assert len(host.connections) <= 2
