"""bench/peers/mail_world.cc as the world of a test: a mail server for every domain, which answers
so many questions a second and knows when it was asked about each mailbox."""
import json
import subprocess

from processes import end_with_parent, free_port
from program import ROOT, Program



def limits(connections):
    """So many connections to each domain, as often as they like."""
    return [f"* connections={connections} connections_per_minute=1000000 recipients=10000"]


class MailWorld:
    """Mailboxes u0@…, u1@… exist, n0@…, n1@… do not; of a number there is one of the two."""

    def __init__(self, folder, rate, delay_ms=0):
        folder.mkdir(parents=True, exist_ok=True)
        world = folder / "mail_world"
        subprocess.run(["clang++-19", "-std=c++23", "-O2", "-o", world,
                        ROOT / "bench/peers/mail_world.cc"], check=True)
        self.dns, self.smtp = free_port(), free_port()
        # pylint: disable=subprocess-popen-preexec-fn,consider-using-with; ended by close()
        self.process = subprocess.Popen(
            [world, str(self.dns), str(self.smtp), str(delay_ms), "0", str(rate)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=end_with_parent)

    def program(self, folder, settings=None):
        """A program that asks nobody else, not yet started."""
        asking = {
            "dns": {"servers": [f"127.0.0.1:{self.dns}"]},
            "smtp": {"port": self.smtp, "helo": "probe.hosts.test", "limits": limits(50),
                     "recipients_per_connection_max": 10_000}}
        for section, values in (settings or {}).items():
            asking.setdefault(section, {}).update(values)
        return Program(folder, settings=asking)

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self, recipients_per_second):
        """So many questions a second from now on, 0: as many as come."""
        self._say(f"rate {recipients_per_second}")

    def killed(self):
        """Whoever asked is dead: returns when all that it had sent is read."""
        self._say("killed")
        assert self.process.stdout.readline() == "done\n"

    def lives(self):
        """See the head of mail_world.cc."""
        self._say("lives")
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.communicate(timeout=60)
