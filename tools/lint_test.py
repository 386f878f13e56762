"""Each rule of tools/lint with what it must refuse and what it must let pass."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import lint_cpp  # noqa: E402
import lint_text  # noqa: E402

LAYERS = lint_cpp.Layers("""
rank base
rank net
rank http store
rank api
rank app cli
only boost/beast in src/http/*.cc
only store/sqlite/ in src/store/sqlite/* src/app/* src/*_test.cc
only tests/support/ in src/*_test.cc
allow include src/net/a.cc http/b.h : a reason
""")


def cpp(path, text, own_header=None):
    return [(line, rule) for line, _, rule, _ in lint_cpp.check(path, text, LAYERS, own_header)]


def words(path, text):
    return [(line, rule) for line, _, rule, _ in lint_text.check(path, text)]


@pytest.mark.parametrize("path, include", [
    ("src/net/a.cc", '#include "http/b.h"'),  # upwards
    ("src/http/a.cc", '#include "store/b.h"'),  # sideways
    ("src/api/a.cc", '#include "a.h"'),  # not from src/
    ("src/http/a.h", "#include <boost/beast/http.hpp>"),
    ("src/api/a.cc", "#include <boost/beast/http.hpp>"),
    ("src/api/a.cc", '#include "store/sqlite/b.h"'),
    ("src/store/a.cc", '#include "store/sqlite/b.h"'),
    ("src/api/a.cc", '#include "tests/support/b.h"'),
    ("src/api/a_test.cc", '#include "tests/simulation/b.h"'),
])
def test_an_include_that_breaks_the_layers_is_refused(path, include):
    assert cpp(path, f"// Prose.\n{include}\n") == [(2, "include")]


@pytest.mark.parametrize("path, include", [
    ("src/api/a.cc", '#include "store/b.h"'),
    ("src/api/a.cc", '#include "api/b.h"'),
    ("src/http/a.cc", "#include <boost/beast/http.hpp>"),
    ("src/store/sqlite/a.cc", '#include "store/b.h"'),
    ("src/app/a.cc", '#include "store/sqlite/b.h"'),
    ("src/api/a_test.cc", '#include "store/sqlite/b.h"'),
    ("src/api/a_test.cc", '#include "tests/support/b.h"'),
    ("tests/simulation/a.cc", '#include "api/b.h"'),
    ("src/net/a.cc", '// #include "http/b.h" is what this does not need'),
])
def test_an_include_that_keeps_the_layers_passes(path, include):
    assert cpp(path, f"{include}\n") == []


def test_a_folder_needs_a_rank():
    assert (1, "layers") in cpp("src/extra/a.cc", "int x;\n")


def test_layers_take_an_exception_only_with_its_reason():
    assert ("include", "src/net/a.cc", "http/b.h") in LAYERS.allowed and not LAYERS.errors
    assert lint_cpp.Layers("allow include src/net/a.cc http/b.h").errors
    assert lint_cpp.Layers("forbid everything").errors


def test_a_source_includes_its_own_header_first():
    assert cpp("src/net/a.cc", '#include "net/a.h"\n', "net/a.h") == []
    assert cpp("src/net/a.cc", '#include <string>\n#include "net/a.h"\n', "net/a.h") \
        == [(1, "include")]
    assert cpp("src/net/a.cc", "int x;\n", "net/a.h") == [(1, "include")]


@pytest.mark.parametrize("statement", [
    "SELECT id FROM jobs", "INSERT INTO jobs VALUES", "INSERT OR IGNORE INTO jobs",
    "UPDATE jobs SET state", "DELETE FROM jobs", "CREATE TABLE jobs"])
def test_sql_stays_in_the_store(statement):
    for literal in (f'"{statement}"', f'R"sql(\n{statement})sql"'):
        text = f"auto sql =\n    {literal};\n"
        assert cpp("src/api/a.cc", text) == [(2, "sql")]
        assert cpp("src/store/a.cc", text) == []
    assert cpp("src/api/a.cc", f"// {statement}\nint SELECT = 1;\n") == []


@pytest.mark.parametrize("code", [
    "std::cout << 1;", 'printf("x");', 'std::fprintf(stderr, "x");', "using namespace std;",
    "std::regex r;", "strcpy(a, b);", "sprintf(a, b);", "int i = atoi(text);", "sleep(1);",
    "::usleep(1);", "std::this_thread::sleep_for(1s);", "GTEST_SKIP();",
    "TEST(Suite, DISABLED_Name);", "// TEST(Suite, Name) {", "/* TEST_F(Suite, Name) { } */"])
def test_a_banned_word_is_refused(code):
    assert cpp("src/net/a.cc", f"int x;\n{code}\n") == [(2, "word")]


@pytest.mark.parametrize("code", [
    "using namespace std::chrono_literals;", "using namespace std::literals;",
    "snprintf(a, 3, b);", "co_await sleep_for(timers, delay);", 'log("std::cout in a literal");',
    "// std::regex in a comment", "writer.printf(1);", "auto c = '\"'; // sleep(1)",
    "auto n = 1'000'000; // atoi(", "TEST(Suite, Name);", "std::system_error error;"])
def test_what_only_looks_like_a_banned_word_passes(code):
    assert cpp("src/net/a.cc", f"{code}\n") == []


def test_only_the_command_line_and_the_application_print():
    assert cpp("src/cli/a.cc", "std::cout << 1;\n") == []
    assert cpp("bench/a.cc", "std::cout << 1;\n") == []


@pytest.mark.parametrize("head", [
    "void f() {", "int Type::f(int a) const noexcept {", "auto f() -> Task<void> {",
    "Type::Type(int a) : a_(a), b_{1} {", "TEST(Suite, Name) {", "bool operator()(int a) const {",
    "template <class T>\nvoid f(T t) requires std::integral<T> {",
    "class C {\n public:\n  // Why.\n  void f() {", "void f(Options options = {}) {"])
def test_a_long_function_is_refused_and_a_short_one_passes(head):
    opened = head.count("{") - head.count("}")

    def of_lines(count):
        return f"namespace n {{\n{head}\n" + "  x();\n" * count + "}" * (opened + 1) + "\n"
    long, short = cpp("src/net/a.cc", of_lines(70)), cpp("src/net/a.cc", of_lines(60))
    assert [rule for _, rule in long] == ["function"] and short == []


def test_long_tables_classes_and_namespaces_are_no_functions():
    rows = "    {1, f(2)},\n" * 80
    text = "namespace n {\nclass C : public D {\n public:\n"
    text += "  int f() { return 1; }\n" * 80 + "};\n"
    text += f"constexpr std::array<Row, 80> kRows = {{{{\n{rows}}}}};\n"
    text += "#define BODY(x) \\\n  do { \\\n  } while (0)\n" + "void f();\n" * 80 + "}\n"
    assert cpp("src/net/a.cc", text) == []


def test_lengths_of_lines_files_and_python_functions():
    assert words("src/a.cc", "x" * 101 + "\n") == [(1, "length")]
    assert words("src/a.cc", "x" * 100 + "\n") == []
    assert words("docs/a.json", "x" * 300 + "\n") == []
    assert words("src/a.cc", "// https://example.com/" + "x" * 100 + "\n") == []
    assert words("src/a.cc", "x\n" * 601) == [(1, "lines")]
    assert words("src/a.cc", "x\n" * 600) == []
    assert words("tools/a", "#!/usr/bin/env python3\ndef f():\n" + "    x()\n" * 70) \
        == [(2, "function")]
    assert words("tools/a.py", "def f():\n" + "    x()\n" * 69) == []


def test_white_space():
    assert words("a.txt", "x \n") == [(1, "space")]
    assert words("a.txt", "\tx\n") == [(1, "space")]
    assert words("a.txt", "x") == [(1, "space")]
    assert words("a.txt", "x\n\n") == [(2, "space")]
    assert words("Makefile", "all:\n\tx\n") == [] and words("a.txt", "x\n\ny\n") == []


@pytest.mark.parametrize("path, line", [
    ("a.cc", "// TO" "DO: later"), ("a.cc", "// TO" "DO(me): later"), ("a.py", "# FIX" "ME"),
    ("a.md", "/wo" "rk/main is where"), ("a.py", "open('/fa" "rm/x')"),
    ("a.sh", "cp ../sha" "red/x"), ("a.py", "@pytest.mark.sk" "ip"),
    ("a.py", "@pytest.mark.xf" "ail"), ("a.py", "# def te" "st_x():"),
    ("a.ts", "it.sk" "ip('x')"), ("a.mjs", "test.on" "ly('x')"), ("a.ts", "// te" "st('x', () =>")])
def test_a_banned_word_is_refused_in_any_file(path, line):
    assert (2, "word") in words(path, f"# Title\n{line}\n")


@pytest.mark.parametrize("path, line", [
    ("a.cc", "// TO" "DO(perf): one copy less"), ("a.md", "the todo list of methods"),
    ("a.py", "path = 'src/work/x'"), ("a.py", "mkstemp('verihook-X" "XXXXX')"),
    ("a.py", "def test_x():"), ("a.ts", "test('x', () => {})"), ("a.md", "the shared/ folder")])
def test_what_only_looks_like_a_banned_word_passes_in_any_file(path, line):
    assert "word" not in [rule for _, rule in words(path, f"# Title\n{line}\n")]


def test_a_markdown_document_has_one_title():
    assert words("a.md", "# One\n\n```\n# a comment\n```\n") == []
    assert words("a.md", "# One\n# Two\n") == [(2, "title")]
    assert words("a.md", "text\n") == [(1, "title")]
    assert words("a.md", "# One\n" + "word " * 30 + "end\n") == [(2, "length")]
    assert words("a.md", "# One\n| " + "word " * 30 + "|\n") == []


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
