"""Fixtures: the laboratory once, the receiver once, a program for all tests that do not end it."""
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Before they are imported, so that their assertions tell what was compared.
pytest.register_assert_rewrite("whole_way", "receivers", "program", "processes", "library",
                                "postgres", "contact_tables")

# pylint: disable=wrong-import-position
from contact_tables import Provider  # noqa: E402
from lab import Lab  # noqa: E402
from library import install_library  # noqa: E402
from postgres import Postgres  # noqa: E402
from program import Program  # noqa: E402
from receivers import Receiver  # noqa: E402
from truth import World  # noqa: E402


@pytest.fixture(scope="session", name="folder")
def make_folder():
    """For the whole run; readable by the users that the mail servers change to."""
    folder = Path(tempfile.mkdtemp(prefix="verihook-lab-"))
    os.chmod(folder, 0o755)
    yield folder
    if "VERIHOOK_KEEP" not in os.environ:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", name="library")
def make_library(folder):
    """Where the C++ library was installed to."""
    return install_library(folder / "library")


@pytest.fixture(scope="session", name="world")
def make_world():
    return World()


@pytest.fixture(scope="session", name="lab")
def make_lab(folder, world):
    lab = Lab(folder, world).start()
    yield lab
    lab.stop()


@pytest.fixture(scope="session", name="receiver")
def make_receiver(folder):
    receiver = Receiver(folder).start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session", name="shared_program")
def make_shared_program(folder, lab):
    program = Program(folder / "shared", lab)
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(name="program")
def running_program(shared_program):
    """The shared program, which a failed test may have left dead."""
    if not shared_program.process.running:
        shared_program.start()
    return shared_program


@pytest.fixture(name="own_program")
def make_own_program(tmp_path, lab):
    """A program of this test alone, started, with an empty store."""
    program = Program(tmp_path / "program", lab)
    try:
        yield program.start()
    finally:
        program.close()


@pytest.fixture(scope="session", name="server")
def make_server(folder):
    """PostgreSQL, for those tests that want it."""
    server = Postgres(folder / "postgres")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(name="provider")
def make_provider():
    provider = Provider()
    yield provider
    provider.stop()
