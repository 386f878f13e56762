"""The C++ library is what docs/library.md says: few names, no dependency but OpenSSL, and programs
that use it and were built from what was installed."""
import re

from library import build_with_library, run
from program import ROOT, run_command
from receivers import SECRET

PAGE = (ROOT / "docs/library.md").read_text()
OURS = ("verihook::webhooks::v1::",)
# Whose names may be wanted from outside, by the beginning of a demangled name.
THEIRS = ("std::", "operator new", "operator delete", "__cxa_", "vtable for __cxxabiv1::",
          "typeinfo for std::", "vtable for std::", "__gxx_personality")


def blocks(language):
    """The examples of the page in that language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def names(prefix, *options):
    listed = run("nm", "--demangle", *options, prefix / "lib/libverihook_webhooks.a")
    return [line.split(None, 1 if "--undefined-only" in options else 2)[-1]
            for line in listed.splitlines() if line and not line.endswith(":")]


def test_it_installs_one_header_one_archive_and_a_package(library):
    installed = sorted(str(path.relative_to(library)) for path in library.rglob("*")
                       if path.is_file())
    assert installed == ["include/verihook/webhooks.h", "lib/cmake/verihook/verihookConfig.cmake",
                         "lib/cmake/verihook/verihookConfigVersion.cmake",
                         "lib/libverihook_webhooks.a"]


def test_its_archive_defines_its_own_names_alone(library):
    defined = names(library, "--defined-only", "--extern-only")
    assert defined and all(name.startswith(OURS) for name in defined), defined


def test_its_archive_wants_nothing_but_the_standard_library_and_openssl(library):
    wanted = set(names(library, "--undefined-only"))
    crypto = {name for name in wanted if re.match(r"(EVP|ERR|RAND|CRYPTO|OSSL)_", name)}
    assert crypto
    # Functions of C have no `::`; that they are libc's is what the linking below proves.
    foreign = {name for name in wanted - crypto
               if "::" in name and not name.startswith(THEIRS)}
    assert not foreign, foreign


def test_the_program_of_its_page_builds_and_does_what_it_says(library, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(blocks("cmake")[0])
    (tmp_path / "main.cc").write_text(blocks("cpp")[0])
    build = build_with_library(library, tmp_path, tmp_path / "build")
    shown = run(build / "example")
    assert shown == blocks("text")[0]
    needed = run("ldd", build / "example")
    others = re.sub(r"\blib(stdc\+\+|m|gcc_s|c|crypto)\.so\S*|linux-vdso\S*|/lib\S*", "", needed)
    assert ".so" not in others, needed


def test_it_needs_no_cmake(library, tmp_path):
    (tmp_path / "main.cc").write_text(blocks("cpp")[0])
    command = next(block for block in blocks("sh") if block.startswith("c++ ")).split()
    run(*[word.replace("PREFIX", str(library)) for word in command], folder=tmp_path)
    assert run(tmp_path / "example") == blocks("text")[0]


def test_it_takes_what_the_program_signs(library, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(blocks("cmake")[0])
    (tmp_path / "main.cc").write_text(blocks("cpp")[1])
    build = build_with_library(library, tmp_path, tmp_path / "build")
    body = '{"event_type":"webhook.test"}'
    (tmp_path / "body").write_text(body)
    signed = run_command("sign", tmp_path / "body", "--secret", SECRET)
    assert signed.returncode == 0, signed
    headers = [line for line in signed.stdout.splitlines() if line]
    assert run(build / "example", SECRET, body, *headers) == "accepted\n"
    wrong = run(build / "example", SECRET + "\n", body, *headers)
    assert "white space" in wrong, wrong
