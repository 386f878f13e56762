"""deploy/alerts.yaml speaks of metrics that are there, by the names and labels that they have."""
import re

import pytest
import yaml
from program import ROOT

RULES = ROOT / "deploy/alerts.yaml"
OURS = re.compile(r"verihook_[a-z_0-9]+(?:\{[^}]*\})?")


def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


@pytest.fixture(name="series", scope="module")
def read_metrics(shared_program):
    """The names of all series, each with its labels."""
    text = shared_program.call("GET", "/metrics", key=None).body.decode()
    return [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]


def is_there(wanted, series):
    name, _, labels = wanted.rstrip("}").partition("{")
    needed = [label for label in labels.split(",") if label and "!=" not in label]
    return any(one.partition("{")[0] == name and all(label in one for label in needed)
               for one in series)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_is_about_metrics_that_are_there(rule, series):
    wanted = OURS.findall(rule["expr"])
    assert wanted, rule
    missing = [one for one in wanted if not is_there(one, series)]
    assert not missing, missing


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_rule_says_what_is_wrong_and_what_to_do(rule):
    assert rule["annotations"]["summary"] and rule["annotations"]["action"], rule
    assert rule["labels"]["severity"] in ("page", "ticket"), rule
    assert rule["expr"].count("(") == rule["expr"].count(")"), rule


def test_silence_is_an_alert_too():
    (silent,) = [rule for rule in rules() if "absent(" in rule["expr"]]
    assert silent["labels"]["severity"] == "page" and silent["for"], silent
