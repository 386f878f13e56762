"""`verihook doctor`: what it finds at hosts that can verify and at hosts that cannot."""
import json

import pytest
from lab_servers import Nsd
from processes import free_port
from program import KEY, Program, run_command, toml

# 127.0.0.1 is a well-kept mail server here, 127.0.0.2 and 127.0.0.3 are not.
ZONES = {
    "test": """$ORIGIN test.
$TTL 300
@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ NS ns.test.
ns A 127.0.0.1
us MX 10 mx1.us
us TXT "v=spf1 include:_spf.us.test " "-all"
_spf.us TXT "v=spf1 ip4:127.0.0.1 ?all"
mx1.us A 127.0.0.1
pool.us A 127.0.0.200
mute MX 0 .
big MX 10 mx.big
mx.big A 127.0.0.2
closed MX 10 mx.closed
mx.closed A 127.0.0.99
1.0.0.127.list A 127.0.0.4
""",
    "0.0.127.in-addr.arpa": """$ORIGIN 0.0.127.in-addr.arpa.
$TTL 300
@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ NS ns.test.
1 PTR mx1.us.test.
2 PTR pool.us.test.
""",
}


@pytest.fixture(scope="module", name="nsd")
def make_nsd(tmp_path_factory):
    nsd = Nsd(tmp_path_factory.mktemp("doctor") / "nsd", free_port(), ZONES).start("mx1.us.test")
    yield nsd
    nsd.stop()


class Host:
    """A host to be examined: its settings, and what the doctor says of it."""

    def __init__(self, folder, nsd, lab):
        self.folder = folder
        self.settings = {
            "store": {"url": f"sqlite:{folder}/verihook.db"},
            "secrets": {"master_key_file": f"{folder}/master.key"},
            "dns": {"servers": [f"127.0.0.1:{nsd.port}"]},
            "network": {"allow": ["127.0.0.0/8"]},
            "smtp": {"port": lab.smtp_port, "helo": "mx1.us.test", "mail_from": "verify@us.test",
                     "audit_hosts": ["big.test"], "sources": ["127.0.0.1"]},
        }

    def run(self, *arguments, **smtp):
        self.settings["smtp"].update(smtp)
        config = self.folder / "verihook.toml"
        config.write_text(toml(self.settings))
        return run_command("doctor", "--config", config, *arguments, seconds=120,
                           environment={"LC_ALL": "C"})

    def examine(self, *arguments, expected, **smtp):
        """The report, with its checks by name."""
        done = self.run("--json", *arguments, **smtp)
        assert done.returncode == expected, done
        assert not done.stderr, done
        report = json.loads(done.stdout)
        assert report["can_verify"] is (expected == 0), report
        for check in report["checks"]:
            assert list(check) == ["check", "source", "status", "seen", "advice"]
            assert (check["advice"] is None) == (check["status"] == "ok"), check
        return {check["check"]: check for check in report["checks"]}

    def fails(self, check, seen, *arguments, **smtp):
        """It cannot verify, and this check says why."""
        found = self.examine(*arguments, expected=1, **smtp)[check]
        assert found["status"] == "fail" and seen in found["seen"], found
        return found


@pytest.fixture(name="host")
def make_host(tmp_path, nsd, lab):
    return Host(tmp_path, nsd, lab)


def test_a_host_at_which_nothing_is_wrong(host):
    checks = host.examine(expected=0)
    for name in ("resolver", "clock", "master key", "address", "port 25", "PTR", "HELO", "sender",
                 "SPF"):
        assert checks[name]["status"] == "ok", checks[name]
    assert checks["store"]["status"] in ("ok", "warn"), checks["store"]
    assert checks["port 25"]["seen"] == "greeted by mx.big.test"
    assert checks["port 25"]["source"] == "127.0.0.1"
    assert checks["PTR"]["seen"].startswith("mx1.us.test")
    assert checks["SPF"]["seen"] == "pass: include:_spf.us.test of us.test"
    assert "block lists" not in checks


def test_the_systems_choice_of_address_is_found_out(host):
    del host.settings["smtp"]["sources"]
    done = host.run("--json")
    assert done.returncode == 0, done
    sources = [check["source"] for check in json.loads(done.stdout)["checks"]
               if check["check"] == "address"]
    assert sources[0] == "default (127.0.0.1)", sources


def test_it_prints_a_table_with_advice_and_a_conclusion(host):
    done = host.run()
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert lines[-1] == "This host can verify addresses."
    assert any(line.startswith("  ok    port 25 ") for line in lines), done.stdout
    done = host.run(audit_hosts=["closed.test"])
    assert done.returncode == 1, done
    assert done.stdout.splitlines()[-1].startswith("This host cannot verify addresses")
    assert "  fail  port 25 " in done.stdout and "-> Ask the provider" in done.stdout


def test_it_leaves_nothing_behind(host):
    host.examine(expected=0)
    assert [path.name for path in host.folder.iterdir()] == ["verihook.toml"]


def test_port_25_is_blocked(host):
    found = host.fails("port 25", "mx.closed.test: the other side refused",
                       audit_hosts=["closed.test"])
    assert "open port 25" in found["advice"]


def test_one_host_that_greets_is_enough(host):
    checks = host.examine(expected=0, audit_hosts=["closed.test", "big.test"])
    assert checks["port 25"]["status"] == "warn"
    assert "greeted by mx.big.test" in checks["port 25"]["seen"]


@pytest.mark.parametrize("address, name, seen", [
    ("127.0.0.2", "PTR", "pool.us.test, which does not lead back"),
    ("127.0.0.3", "PTR", "no PTR record"),
    ("127.0.0.3", "SPF", "neutral"),
])
def test_an_address_without_a_name_of_its_own(host, address, name, seen):
    checks = host.examine(expected=1, sources=[address])
    assert checks["PTR"]["status"] == "fail"
    if name == "SPF":
        assert checks["SPF"]["status"] == "fail" and "-all of us.test" in checks["SPF"]["seen"]
    else:
        assert seen in checks[name]["seen"], checks[name]


def test_one_good_source_of_two_is_enough(host):
    done = host.run(sources=["127.0.0.1", "127.0.0.3"])
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1] == ("This host can verify addresses, from 1 of its 2 "
                                            "addresses.")


def test_names_that_do_not_agree(host):
    host.fails("HELO", "not a full host name", helo="mailer")
    checks = host.examine(expected=0, helo="pool.us.test")
    assert checks["HELO"]["status"] == "warn"
    assert "127.0.0.200, not this address" in checks["HELO"]["seen"]


def test_a_sender_that_cannot_be_answered(host):
    host.fails("sender", "does not exist", mail_from="verify@nowhere.test")
    host.fails("sender", "null MX", mail_from="verify@mute.test")


def test_block_lists_are_asked_when_told_to(host):
    host.fails("block lists", "list.test (127.0.0.4)", block_lists=["list.test"])
    checks = host.examine(expected=0, block_lists=["clean.test"])
    assert checks["block lists"]["status"] == "ok"
    # This name server refuses what is not its own, so the well-known lists stay silent.
    checks = host.examine("--dnsbl", expected=0, block_lists=[])
    assert "zen.spamhaus.org" in checks["block lists"]["seen"]


def test_the_resolver_is_gone(host):
    host.settings["dns"]["servers"] = [f"127.0.0.1:{free_port()}"]
    assert "dns.servers" in host.fails("resolver", "")["advice"]


def test_a_store_that_cannot_be_written(host):
    host.settings["store"]["url"] = "sqlite:/proc/verihook.db"
    host.fails("store", "/proc cannot be written to")


def test_a_master_key_that_others_can_read(host):
    key = host.folder / "master.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    assert "chmod 600" in host.fails("master key", "open to other users")["seen"]


def test_an_address_that_is_not_ours(host):
    host.fails("port 25", "not one of this host", sources=["192.0.2.1"])


def test_a_wrong_configuration_is_told_as_everywhere(host):
    done = host.run(sources=["somewhere"])
    assert done.returncode == 1 and not done.stdout, done
    assert "smtp.sources" in done.stderr and "verihook.toml:" in done.stderr


def test_the_server_logs_what_it_finds_and_serves_all_the_same(host, tmp_path):
    smtp = {**host.settings["smtp"], "audit_hosts": ["closed.test"], "audit_at_start": True}
    program = Program(tmp_path / "blocked", settings={"dns": host.settings["dns"], "smtp": smtp})
    try:
        program.start()
        program.log_says("this host cannot verify addresses")
        program.log_says("port 25 of 127.0.0.1: mx.closed.test")
        assert program.call("GET", "/readyz", key=None).status == 200
        assert program.call("GET", "/v1/bulk", key=KEY).status == 200
    finally:
        program.close()


def test_the_server_says_when_all_is_well(host, tmp_path):
    smtp = {**host.settings["smtp"], "audit_at_start": True}
    program = Program(tmp_path / "good", settings={"dns": host.settings["dns"], "smtp": smtp})
    try:
        program.start()
        program.log_says("self-audit found")
        assert "cannot verify" not in program.process.output()
    finally:
        program.close()
