"""The C++ library as its users have it: installed into a folder of its own, with nothing else of
this repository in sight."""
import os
import subprocess

from program import ROOT

BUILD = ROOT / "build/library"
# What users have: Debian's compiler, not ours. Compiling again what did not change is ccache's.
COMPILER = ["-G", "Ninja", "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
            "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror"]


def run(*command, folder=ROOT, seconds=900, **environment):
    """What it prints; an AssertionError with all of that when it fails."""
    done = subprocess.run([str(word) for word in command], cwd=folder, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                          env={**os.environ, **environment})
    assert done.returncode == 0, f"{command} answered {done.returncode}:\n{done.stdout}"
    return done.stdout


def install_library(prefix):
    """Built without sanitizers, as a user builds it; the folder it was installed to."""
    run("cmake", "--preset", "library")
    run("cmake", "--build", "--preset", "library")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


def build_with_library(prefix, source, folder):
    """Builds a user's CMake project against what stands in `prefix`."""
    run("cmake", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}", *COMPILER)
    run("cmake", "--build", folder)
    return folder
