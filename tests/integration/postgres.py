"""A PostgreSQL server of the tests' own.

    server = Postgres(folder).start()   …   server.sql("SELECT 1")   …   server.stop()

initdb and the server refuse to be root, so they run as Debian's user postgres. Nothing is shared
with a cluster that the machine may have.
"""
import os
import pwd
import signal
import subprocess
from pathlib import Path

from processes import Process, free_port, wait_until

BIN = Path("/usr/lib/postgresql/15/bin")
OWNER = "owner"
ROLE = "app"
PASSWORD = "p@ss/word?"                     # must be encoded in a URL
ENCODED = "p%40ss%2Fword%3F"


def as_postgres(*arguments):
    """The command as the user postgres, when we are root: exec'd, so that signals arrive."""
    if os.getuid() != 0:
        return list(arguments)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *arguments]


class Postgres:
    """One cluster with a database `crm` and a role that may do nothing yet."""

    def __init__(self, folder, fsync="off", *options):
        self.folder = Path(folder)
        self.fsync = fsync
        self.options = options
        self.data = self.folder / "data"
        self.port = free_port()
        self.process = None

    def start(self):
        if not self.data.exists():
            self._create()
        arguments = [BIN / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.folder,
                     "-c", "listen_addresses=127.0.0.1,127.0.0.2", "-c", f"fsync={self.fsync}",
                     "-c", "log_min_messages=fatal"]
        for option in self.options:
            arguments += ["-c", option]
        self.process = Process("postgres", as_postgres(*arguments), self.folder / "postgres.log")
        self.process.start()
        self.process.wait_for(self.answers, 30, "takes connections")
        return self

    def _create(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        subprocess.run(
            as_postgres(BIN / "initdb", "-D", self.data, "-U", OWNER, "--auth-local=trust",
                        "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"),
            check=True, capture_output=True, cwd="/")
        self.start()
        self.sql("CREATE DATABASE crm", database="postgres")
        self.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        self.stop()

    def answers(self):
        return self._psql("SELECT 1", "postgres").returncode == 0

    def _psql(self, text, database):
        return subprocess.run(
            ["psql", "-h", self.folder, "-p", str(self.port), "-U", OWNER, "-d", database, "-XAtq",
             "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=text, capture_output=True, text=True, check=False)

    def sql(self, text, database="crm"):
        """Runs it as the owner of everything; the rows that came, each a list of texts."""
        done = self._psql(text, database)
        assert done.returncode == 0, f"{done.stderr} of {text[:500]}"
        return [line.split("|") for line in done.stdout.splitlines()]

    def session(self):
        """A psql that stays connected and does what is written to its standard input."""
        # pylint: disable=consider-using-with; the caller ends it
        return subprocess.Popen(
            ["psql", "-h", str(self.folder), "-p", str(self.port), "-U", OWNER, "-d", "crm",
             "-XAtq"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def url(self, host="127.0.0.1", password=ENCODED):
        return f"postgres://{ROLE}:{password}@{host}:{self.port}/crm"

    def stop(self):
        """Ends every connection at once, as a machine that is restarted does."""
        if self.process is not None:
            self.process.end(signal.SIGINT)


def wait_for_backend(server, condition, what):
    """Until a connection of the program is in such a state."""
    query = ("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'verihook' AND " +
             condition)
    wait_until(lambda: server.sql(query) != [["0"]], 60, what)
