"""The table of scenarios itself, without any server."""
from collections import Counter
from pathlib import Path

import pytest
from comparison import page
from scenario import PEERS
from scenarios import GROUPS, SCENARIOS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_comparison_is_made_from_the_table():
    advice = "write it anew: python3 tests/integration/comparison.py > docs/comparison.md"
    assert (DOCS / "comparison.md").read_text() == page(), advice


def test_no_scenario_is_there_twice():
    for field in ("id", "email"):
        count = Counter(getattr(scenario, field) for scenario in SCENARIOS)
        assert not [value for value, times in count.items() if times > 1]


def test_the_table_is_as_large_as_it_says():
    assert len(GROUPS["Measured side by side"]) == 26
    assert len(SCENARIOS) >= 66


@pytest.mark.parametrize("scenario", [pytest.param(s, id=s.id) for s in SCENARIOS])
def test_every_right_answer_is_one_of_the_documented_verdicts(scenario):
    rows = {tuple(cell.strip().strip("`") for cell in line.split("|")[1:3])
            for line in (DOCS / "verdicts.md").read_text().splitlines() if line.startswith("| `")}
    for verdict in (scenario.right, scenario.verdict):
        status, reason = verdict.split()
        assert (reason, status) in rows, verdict
    assert set(scenario.peers) <= set(PEERS)


def test_where_we_fall_short_we_say_unknown():
    """Never valid or invalid where something else is right."""
    assert {scenario.verdict.split()[0] for scenario in SCENARIOS if scenario.ours} <= {"unknown"}
