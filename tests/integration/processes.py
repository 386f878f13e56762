"""What every other file here stands on: child processes, free ports, waiting for a condition.

A child is in a group of its own and is ended with its group; should the tests themselves be killed,
the kernel ends it. Nothing here sleeps for luck: to wait is to ask again until a deadline.
"""
import ctypes
import os
import random
import signal
import socket
import subprocess
import time

POLL_SECONDS = 0.02
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def wait_until(condition, seconds, what):
    """The first true answer of condition(); an AssertionError that names `what` after the time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            missing = what() if callable(what) else what
            raise AssertionError(f"after {seconds} s still not: {missing}")
        time.sleep(POLL_SECONDS)


def free_port(addresses=("127.0.0.1",)):
    """A port that nobody uses, for TCP and UDP, on all of these addresses.

    From below the range that the kernel takes for outgoing connections, so that it stays free
    between two starts of the same program.
    """
    candidates = list(range(20000, 32000))
    random.SystemRandom().shuffle(candidates)
    for port in candidates[:200]:
        try:
            for address in addresses:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind((address, port))
            return port
        except OSError:
            continue
    raise AssertionError("no free port between 20000 and 32000")


def accepts_connections(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child whose output goes to a file."""

    def __init__(self, name, arguments, log, environment=None, folder=None, separate_errors=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log = log
        self.errors = separate_errors
        self.environment = {**os.environ, **(environment or {})}
        self.folder = folder
        self.child = None

    def start(self):
        with open(self.log, "ab") as output, open(self.errors or self.log, "ab") as errors:
            # pylint: disable=subprocess-popen-preexec-fn; there is one thread when we fork
            self.child = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env=self.environment, cwd=self.folder, start_new_session=True,
                preexec_fn=end_with_parent)
        return self

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, lines=40):
        return "\n".join(self.output().splitlines()[-lines:])

    def wait_for(self, condition, seconds, what):
        """wait_until that gives up at once when the child has ended."""
        def probe():
            if not self.running:
                raise AssertionError(f"{self.name} ended with {self.child.returncode} before "
                                     f"{what}; its last words:\n{self.tail()}")
            return condition()
        return wait_until(probe, seconds,
                          lambda: f"{self.name}: {what}; its output:\n{self.tail()}")

    def end(self, number=signal.SIGTERM, seconds=30):
        """Sends the signal, waits, and answers the exit status; what stays is killed."""
        if self.child is None:
            return None
        if self.running:
            self.child.send_signal(number)
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        return status
