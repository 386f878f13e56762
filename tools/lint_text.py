"""The rules for every text file: words, white space, lengths, titles. Used by tools/lint."""
import ast
import re

CODE = (".cc", ".h", ".py", ".ts", ".tsx", ".js", ".mjs", ".jsx", ".css", ".sh", ".cmake", ".go",
        ".php", "script")
TABBED = ("Makefile", ".go")    # make needs tabs, and gofmt writes them
FILE_LINES_MAX = 600
LINE_CHARACTERS_MAX = 100
FUNCTION_LINES_MAX = 70

# (pattern, kinds of file or None for all, what to do). Patterns are cut in two where they would
# otherwise find themselves.
WORDS = [
    (r"\bTO" r"DO\b(?!\((perf|design|someday)\): )", None,
     "do it now, or say what kind it is: (perf), (design) or (someday), a colon, what is missing"),
    (r"\b(FIX" r"ME|XX" r"X|HA" r"CK)\b", None, "mend it, or explain why it is as it is"),
    (r"(?<![\w.>])/(wo" r"rk|fa" r"rm)/|\.\./sha" r"red\b", None,
     "no path of one machine; make it relative to the repository"),
    (r"\bpytest\.(mark\.)?(skip|xfail|importorskip)|@?unittest\.(skip|expectedFailure)", (".py",),
     "a test runs or is deleted; make it run"),
    (r"\b(it|test|describe)\.(skip|only|todo)\b|\bx(it|describe)\(", (".ts", ".tsx", ".js", ".mjs"),
     "a test runs or is deleted; make it run"),
    (r"^\s*#\s*(async )?def test_|^\s*#\s*(it|test)\(", (".py",),
     "a test runs or is deleted; take this comment out"),
    (r"^\s*//\s*(it|test|describe)\(", (".ts", ".tsx", ".js", ".mjs"),
     "a test runs or is deleted; take this comment out"),
]
WORDS = [(re.compile(pattern, re.M), *rest) for pattern, *rest in WORDS]
URL = re.compile(r"https?://\S+|\]\([^)]*\)")


def kind_of(path, text):
    """The file name's extension; `script` for a file without one that names its interpreter."""
    name = path.rsplit("/", 1)[-1]
    if name == "CMakeLists.txt":
        return ".cmake"
    if "." in name.lstrip("."):
        return "." + name.rsplit(".", 1)[1]
    return "script" if text.startswith("#!") else ""


def check_markdown(text):
    """One title, and lines of prose; tables, code and links may be as long as they are."""
    titles, fenced = [], False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.lstrip().startswith("|"):
            continue
        elif line.startswith("# "):
            titles.append(number)
        elif len(URL.sub("", line)) > 120:
            yield number, "break this line: prose ends at 120 characters", "length", ""
    if len(titles) != 1:
        advice = f"give the document one title, a line `# …` (it has {len(titles)})"
        yield titles[1] if titles[1:] else 1, advice, "title", ""


def check_python(text):
    """Syntax, and the length of functions."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield error.lineno or 1, f"mend this: python says {error.msg}", "syntax", ""
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                advice = f"{length} lines, {FUNCTION_LINES_MAX} are allowed; name its parts"
                yield node.lineno, f"this function has {advice}", "function", str(length)


def check(path, text):
    """(line, what to do, rule, detail) for one file."""
    kind = kind_of(path, text)
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "take the white space at the end of this line away", "space", ""
        if "\t" in line and not path.endswith(TABBED):
            yield number, "indent with spaces, write a tab in a literal as \\t", "space", ""
        if kind in CODE and len(line) > LINE_CHARACTERS_MAX and "://" not in line:
            advice = f"break this line: {len(line)} characters, {LINE_CHARACTERS_MAX} are allowed"
            yield number, advice, "length", str(len(line))
    if text and not text.endswith("\n"):
        yield len(lines), "end the file with a line break", "space", ""
    if text.endswith("\n\n"):
        yield len(lines) - 1, "take the empty lines at the end of the file away", "space", ""
    if kind in CODE and len(lines) - 1 > FILE_LINES_MAX:
        advice = f"{len(lines) - 1} lines, {FILE_LINES_MAX} are allowed; split it by subject"
        yield 1, advice, "lines", str(len(lines) - 1)
    for pattern, kinds, advice in WORDS:
        if kinds is None or kind in kinds:
            for match in pattern.finditer(text):
                word = " ".join(match[0].split())
                yield text.count("\n", 0, match.start()) + 1, f"`{word}`: {advice}", "word", word
    if kind == ".md":
        yield from check_markdown(text)
    if kind == ".py" or (kind == "script" and "python" in lines[0]):
        yield from check_python(text)
