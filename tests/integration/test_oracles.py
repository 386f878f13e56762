"""Signatures against other people's libraries: standardwebhooks, svix, stripe, octokit, and node's
crypto for the asymmetric ones.

Random payloads and secrets, VERIHOOK_SEED; VERIHOOK_ORACLE_PAYLOADS says how many (100).
"""
import base64
import json
import os
import random
import subprocess
from pathlib import Path

from processes import wait_until
from receivers import Listener

ORACLE = Path(__file__).resolve().parent / "webhook_oracles/oracle.mjs"
PAYLOADS = int(os.environ.get("VERIHOOK_ORACLE_PAYLOADS", "100"))
SEED = int(os.environ.get("VERIHOOK_SEED", "4711"))
ENDPOINTS = 5
# Which verifier each kind of sender is received by.
KINDS = {"standard-webhooks": "standard-webhooks", "svix": "standard-webhooks",
         "stripe": "stripe", "github": "github", "asymmetric": "standard-webhooks"}
LETTERS = "aZ09 _-/\\\"'<>&{}[]:,.\n\t\u0000\u001f\u007fäßñ€\u2028\u2029漢字🙂\u202e\ufeff"


def random_secret(chance):
    return "whsec_" + base64.b64encode(chance.randbytes(chance.randint(24, 64))).decode()


def run_oracle(*arguments, given=""):
    done = subprocess.run(["node", str(ORACLE), *arguments], capture_output=True, text=True,
                          input=given, timeout=120 + PAYLOADS, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def key_pairs(count):
    return run_oracle("keys", str(count))


def random_text(chance):
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, 12)))


def random_value(chance, depth=0):
    kind = chance.randrange(9 if depth < 3 else 6)
    if kind >= 6:
        items = [random_value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
        if kind == 6:
            return items
        return {random_text(chance) or str(chance.randint(0, 99)): item for item in items}
    return (None, True, False, chance.randint(-2**53 + 1, 2**53 - 1),
            chance.choice((0.1, -0.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 123456.789)),
            random_text(chance))[kind]


def random_object(chance):
    return {random_text(chance): random_value(chance) for _ in range(chance.randint(0, 5))}


class Judge(Listener):
    """oracle.mjs judge: what the program sends, and who believes it."""

    def __init__(self, folder):
        super().__init__(folder, "judge")

    def arguments(self):
        return ["node", ORACLE, "judge", self.file]

    def know(self, secrets):
        """The secrets of each path; replaced as a whole, for it is read at any time."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(secrets))
        new.rename(f"{self.file}.secrets")


def ask_later(program, chance, count):
    """So many verifications with metadata of all kinds; each will be an event."""
    for _ in range(count):
        program.post("/v1/verify", {"email": "accepted_email@sandbox.test", "async": True,
                                    "metadata": random_object(chance)}, 202)


def test_what_we_sign_is_believed_by_everybody_also_during_a_rotation(program, tmp_path):
    print(f"VERIHOOK_SEED={SEED} VERIHOOK_ORACLE_PAYLOADS={PAYLOADS}")
    chance = random.Random(SEED)
    judge = Judge(tmp_path).start()
    secrets = {f"/{i}": [random_secret(chance)] for i in range(ENDPOINTS)}
    judge.know(secrets)
    hooks = {}
    for path, (secret,) in secrets.items():
        hooks[path] = program.post("/v1/webhooks", {
            "url": judge.url + path, "secret": secret, "events": ["verification.completed"],
            "signature_header": "X-Hub-Signature-256", "signature_prefix": "sha256="},
            201)["webhook_id"]
    try:
        expected = 0
        for rotated in (False, True):
            if rotated:
                for path, hook in hooks.items():
                    secrets[path].insert(0, random_secret(chance))
                judge.know(secrets)
                for path, hook in hooks.items():
                    program.post(f"/v1/webhooks/{hook}/rotate-secret",
                                 {"secret": secrets[path][0]})
            ask_later(program, chance, PAYLOADS // 2)
            expected += PAYLOADS // 2 * ENDPOINTS
            wait_until(lambda: len(judge.written()) >= expected, 60 + PAYLOADS / 5,
                       lambda: f"{expected} deliveries; so far {len(judge.written())}")
    finally:
        for hook in hooks.values():
            program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)
        judge.stop()
    for verdict in judge.written():
        both = len(verdict["svix"])     # one secret, or new and old
        assert verdict["standardwebhooks"] == [True] * both, verdict
        assert verdict["svix"] == [True] * both, verdict
        assert verdict["octokit"] == [True] + [False] * (both - 1), verdict
        assert verdict["fixed_point"] and verdict["altered"], verdict
    assert {len(verdict["svix"]) for verdict in judge.written()} == {1, 2}


def test_asymmetric_signatures_are_believed_by_the_published_keys(program, tmp_path):
    chance = random.Random(SEED + 2)
    judge = Judge(tmp_path).start()
    (own,) = key_pairs(1)
    hooks = {"/made": {"signatures": ["v1a"]}, "/given": {"secret": own["private"]},
             "/both": {"signatures": ["v1", "v1a"]}}
    keys = {}
    for path, settings in hooks.items():
        made = program.post("/v1/webhooks", {"url": judge.url + path,
                                             "events": ["verification.completed"], **settings},
                            201)
        assert ("secret" in made) == (path == "/both"), made
        assert own["private"] not in json.dumps(made)
        assert made["public_key"].startswith("whpk_"), made
        assert path != "/given" or made["public_key"] == own["public"]
        hooks[path] = made["webhook_id"]
    try:
        for rotation in range(2):
            for path, hook in hooks.items():
                if rotation:
                    program.post(f"/v1/webhooks/{hook}/rotate-secret", {})
                document = program.get(f"/v1/webhooks/{hook}/jwks.json", key=None)
                assert len(document["keys"]) == 1 + rotation, document
                # The old key first, so that what is signed with it too is seen.
                keys[path] = document["keys"][::-1]
            judge.know(keys)
            ask_later(program, chance, 3)
            expected = (rotation + 1) * 3 * len(hooks)
            wait_until(lambda: len(judge.written()) >= expected, 60,
                       lambda: f"{expected} deliveries; so far {len(judge.written())}")
    finally:
        for hook in hooks.values():
            program.call("DELETE", f"/v1/webhooks/{hook}").expect(204)
        judge.stop()
    assert len({key["kid"] for path in keys for key in keys[path]}) == 2 * len(hooks)
    for verdict in judge.written():
        assert all(verdict["asymmetric"]) and verdict["altered"], verdict
    assert {len(verdict["asymmetric"]) for verdict in judge.written()} == {1, 2}


def test_what_others_sign_is_believed_by_us_with_old_and_new_secret(program):
    print(f"VERIHOOK_SEED={SEED} VERIHOOK_ORACLE_PAYLOADS={PAYLOADS}")
    chance = random.Random(SEED + 1)
    lines, statuses, sources = [], [], []
    for kind, verifier in KINDS.items():
        if kind == "asymmetric":
            pairs = key_pairs(3)
            given = [pair["private"] for pair in pairs]
            known, strange = [pair["public"] for pair in pairs[:2]], given[2]
        else:
            given = [random_secret(chance) for _ in range(3)]
            known, strange = given[:2], given[2]
        sources.append(program.post("/v1/sources", {
            "name": f"oracle-{kind}", "verifier": {"kind": verifier, "secrets": known}},
            201)["source_id"])
        for number in range(PAYLOADS // len(KINDS)):
            good = chance.random() < 0.8
            body = {"event_type": "any.thing", "number": number, "data": random_object(chance)}
            lines.append({"url": f"{program.url}/webhooks/oracle-{kind}", "kind": kind,
                          "secret": chance.choice(given[:2]) if good else strange,
                          "body": json.dumps(body, ensure_ascii=chance.random() < 0.5)})
            statuses.append(200 if good else 401)
    answers = run_oracle("send", given="".join(json.dumps(line) + "\n" for line in lines))
    wrong = [(line, answer) for line, answer, status in zip(lines, answers, statuses)
             if answer["status"] != status]
    assert len(answers) == len(lines) and not wrong, wrong[:3]
    for source_id in sources:
        program.call("DELETE", f"/v1/sources/{source_id}").expect(204)
