"""How C++ files are compiled and what they include, for tools that run the compiler once more.

A success is remembered in build/cache/ under a hash of everything that it depends on, so that a
second run asks the compiler only about what changed.
"""
import hashlib
import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from os import cpu_count
from pathlib import Path
from subprocess import run

from lint_cpp import includes

ROOT = Path(__file__).resolve().parent.parent


def chosen(arguments):
    """A function that tells whether a path is, or lies in, one of the files and folders given."""
    wanted = [str(Path(argument).resolve().relative_to(ROOT)) for argument in arguments]
    return lambda path: not wanted or any(
        folder in (".", path) or path.startswith(folder + "/") for folder in wanted)


@cache
def closure(path):
    """`path` and every file of the repository that it includes, directly or not."""
    seen, waiting = {}, [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        text = (ROOT / file).read_text()
        seen[file] = text
        for _, bracket, target in includes(text):
            for candidate in (f"src/{target}", target, f"{Path(file).parent}/{target}"):
                if bracket == '"' and (ROOT / candidate).is_file():
                    waiting.append(candidate)
                    break
    return sorted(seen.items())


def commands(build_dir):
    """{file: flags without output and input} of the compilation database; {} without one."""
    database = ROOT / build_dir / "compile_commands.json"
    if not database.is_file():
        return {}
    found = {}
    for entry in json.loads(database.read_text()):
        path = Path(entry["file"])
        if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / "build"):
            continue
        words = shlex.split(entry["command"])
        words = words[next(i for i, word in enumerate(words) if "clang" in word) + 1:]
        words = words[:words.index("-o")] if "-o" in words else words
        found[str(path.relative_to(ROOT))] = [word for word in words if not word.startswith("-M")]
    return found


def run_cached(name, units, command):
    """Runs command(unit, flags), a process, for each (unit, flags, salt) that never succeeded so.

    Yields (unit, output) for the failures, in order.
    """
    store = ROOT / "build" / "cache" / name
    store.mkdir(parents=True, exist_ok=True)

    def one(entry):
        unit, flags, salt = entry
        arguments = command(unit, flags)
        content = json.dumps([closure(unit), arguments, salt])
        digest = hashlib.sha256(content.encode()).hexdigest()
        if (store / digest).exists():
            return unit, None
        done = run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            (store / digest).touch()
            return unit, None
        return unit, done.stdout + done.stderr

    with ThreadPoolExecutor(cpu_count()) as pool:
        yield from ((unit, output) for unit, output in pool.map(one, units) if output is not None)
