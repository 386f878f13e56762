"""docs/comparison.md, made from the table of scenarios.

    python3 tests/integration/comparison.py > docs/comparison.md
"""
from scenario import PEERS
from scenarios import GROUPS, SCENARIOS

HEAD = """# Comparison

Every scenario of the laboratory in `tests/integration/`, {count} of them: what the right answer is,
what verihook answers, and what other verifiers answer. `test_lab_scenarios.py` asks the running
program about each of them and compares, so the column *verihook* cannot be out of date; this page
is made by `tests/integration/comparison.py`.

The columns of the others are their published or measured behaviour in such a situation, at these
versions; `–` where it is not known to us:

- AfterShip/email-verifier a3c5c5b (2025-12-05), deep-email-validator 0.1.27, truemail 3.3.0 (its
  default, not the "safe" check) and zytzagoo/smtp-validate-email 22fb5fe (2022-09): measured
  against servers that were made for it;
- Reacher check-if-email-exists 0.11.7: read from its source and its issues, not run.

Their own words are translated: *valid* is reachable, safe or success, *invalid* is not reachable or
failure. Those that know two answers only must say one of them for what cannot be known. **Bold** is
what differs from the right answer.
"""


def bold_unless(cell, right):
    return cell if cell in (right, "–") else f"**{cell}**"


def row(scenario):
    right, reason = scenario.right.split()
    status, our_reason = scenario.verdict.split()
    ours = f"{bold_unless(status, right)}: `{our_reason}`"
    others = [bold_unless(scenario.peers.get(peer, "–"), right) for peer in PEERS]
    return "| " + " | ".join([scenario.name, f"{right}: `{reason}`", ours, *others]) + " |"


def page():
    parts = [HEAD.format(count=len(SCENARIOS))]
    for title, scenarios in GROUPS.items():
        columns = ["scenario", "right answer", "verihook", *PEERS]
        parts.append(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n")
        parts += [row(scenario) + "\n" for scenario in scenarios]
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
