"""The rules for C++ files: layers, includes, SQL, words, functions. Used by tools/lint."""
import fnmatch
import re
from pathlib import PurePosixPath

TOKEN = re.compile(
    r'R"(?P<delimiter>[^()\\ ]{0,16})\((?P<raw>.*?)\)(?P=delimiter)"'
    r"|(?P<comment>//(?:[^\n\\]|\\.)*|/\*.*?\*/)"
    r'|"(?P<string>(?:[^"\\\n]|\\.)*)"'
    r"|'(?:[^'\\\n]|\\.)+'"
    r"|\b\d[\w.']*",  # a number, because of the quotes in 1'000
    re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.M)
LABELS = re.compile(r"(\s*(public|private|protected)\s*:(?!:))*")
SQL = re.compile(r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|"
                 r"CREATE\s+TABLE\b)")
LITERALS = r"(?!\s+(std::)?(\w+::)*(\w+_)?literals\s*;)"

# (pattern in code, globs it holds for, globs it does not hold for, what to do)
WORDS = [
    (r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?f?printf\s*\(|(?<![\w.>])(std::)?f?puts\s*\(|"
     r"\bfmt::print\b", "src/*", "src/cli/* src/app/*",
     "log through base/log.h; only cli/ and app/ print"),
    (r"\busing\s+namespace\b" + LITERALS, "*", "",
     "name what you use (only literals may come whole)"),
    (r"\bstd::w?regex\b", "*", "", "std::regex recurses on its input; write the few lines by hand"),
    (r"\b(strcpy|strcat|v?sprintf|atoi|atol|atof|gets)\s*\(", "*", "",
     "use std::string, fmt::format or std::from_chars: this one cannot report overflow"),
    (r"\bstd::this_thread::sleep|(?<![\w.>])(::)?(u|nano)?sleep\s*\(", "*", "",
     "wait through async/timers.h (tests: virtual time), never by blocking the thread"),
    (r"\bGTEST_SKIP\b|\bDISABLED_\w", "*", "", "a test runs or is deleted; make it run"),
]
WORDS = [(re.compile(pattern), *rest) for pattern, *rest in WORDS]
COMMENTED_TEST = re.compile(r"^(//|/\*|\s*\*)\s*(TYPED_)?TEST(_[FP])?\s*\(", re.M)


class Layers:
    """tools/layers.txt: ranks, who alone may include what, and the exceptions."""

    def __init__(self, text):
        self.rank, self.only, self.allowed, self.errors = {}, [], {}, []
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            reason = line.partition(" : ")[2].strip()
            if words[0] == "rank":
                level = len(set(self.rank.values()))
                self.rank.update({folder: level for folder in words[1:]})
            elif words[0] == "only" and len(words) > 3 and words[2] == "in":
                self.only.append((words[1], words[3:]))
            elif words[0] == "allow" and reason:
                self.allowed[tuple(line.partition(" : ")[0].split()[1:])] = number
            else:
                self.errors.append((number, "write `rank FOLDER…`, `only PREFIX in GLOB…` or "
                                            "`allow RULE PATH [DETAIL] : reason`", "layers", ""))


def matches(path, globs):
    return any(fnmatch.fnmatchcase(path, glob) for glob in globs)


class Source:
    """A C++ text taken apart: `code` has comments and literals blanked out, at the same places."""

    def __init__(self, text):
        self.text, self.strings, self.comments = text, [], []
        self.code = TOKEN.sub(self._blank, text)

    def line(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def _blank(self, match):
        literal = match["raw"] if match["raw"] is not None else match["string"]
        if match["comment"] is not None:
            self.comments.append((self.line(match.start()), match["comment"]))
        elif literal is not None:
            self.strings.append((self.line(match.start()), literal))
        elif match[0][0] != "'":
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])


def includes(text):
    """(line, bracket, path) of every include; from the text, for a path looks like a literal."""
    return [(text.count("\n", 0, m.start(1)) + 1, m[1], m[2]) for m in INCLUDE.finditer(text)]


def check_includes(path, text, layers, own_header):
    folder = PurePosixPath(path).parts[1]
    found = includes(text)
    for line, bracket, target in found:
        top = target.split("/")[0]
        for prefix, globs in layers.only:
            if target.startswith(prefix) and not matches(path, globs):
                advice = f"{target} is only for {' '.join(globs)}; use what those offer"
                yield line, advice, "include", target
        if bracket == "<":
            continue
        if top in ("tests", "bench"):
            if not target.startswith("tests/support/"):
                advice = f"src/ never includes {top}/; move what both need into src/"
                yield line, advice, "include", target
        elif top not in layers.rank:
            yield line, f'name the path from src/: "{folder}/{target}"', "include", target
        elif top != folder and layers.rank[top] >= layers.rank.get(folder, -1):
            advice = (f"{folder}/ may not include {top}/, which is not of a lower rank; turn the "
                      "dependency round or move the shared part down")
            yield line, advice, "include", target
    if folder not in layers.rank:
        yield 1, f"give the folder {folder}/ a rank in tools/layers.txt", "layers", folder
    if own_header and (not found or found[0][2] != own_header):
        line = found[0][0] if found else 1
        advice = f'include "{own_header}" first, which proves that it stands alone'
        yield line, advice, "include", own_header


def check_functions(source, lines_max):
    """Counts braces: a body that opens after `)` outside of any other body is a function."""
    stack, head, start = [], "", None
    code = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source.code)
    for match in re.finditer(r"[{};]|[^{};]+", code):
        token = match[0]
        if token == "{":
            kind = classify(head, stack[-1][0] if stack else "scope")
            stack.append((kind, start if start is not None else match.start(), head))
            head, start = "", None
        elif token == "}":
            kind, begin, before = stack.pop() if stack else ("scope", 0, "")
            length = source.line(match.start()) - source.line(begin) + 1
            if kind == "function" and length > lines_max:
                advice = f"a function of {length} lines, {lines_max} are allowed; name its parts"
                yield source.line(begin), advice, "function", str(length)
            # A brace initializer belongs to the head around it.
            head, start = (before + "{}", begin) if kind == "braces" else ("", None)
        elif token == ";":
            head, start = "", None
        else:
            text = token if head else token[LABELS.match(token).end():]
            if start is None and text.strip():
                start = match.end() - len(text.lstrip())
            head += text


def classify(head, outer):
    if outer in ("function", "block"):
        return "block"
    head = re.sub(r"^(template\s*<.*?>\s*(requires\b[^{]*)?)?", "", head.strip(), flags=re.S)
    if re.match(r"(inline\s+)?(namespace|extern)\b", head) or not head:
        return "scope"
    if re.match(r"(typedef\s+)?(class|struct|union|enum)\b[^()=]*$", head):
        return "scope"
    tail = head[head.rfind(")") + 1:] if ")" in head else None
    qualifiers = r"\s*(const|noexcept|override|final|mutable|try|&&?|->[^=]*|requires[^=]*|\s)*"
    if tail is not None and re.fullmatch(qualifiers, tail):
        return "function"
    if re.search(r"\)\s*(noexcept\s*)?:\s*\w.*[)}]$", head, re.S):
        return "function"
    return "braces"


def check(path, text, layers, own_header=None, lines_max=70):
    """(line, what to do, rule, detail) for one file; own_header is what a .cc includes first."""
    source = Source(text)
    if path.startswith("src/"):
        yield from check_includes(path, text, layers, own_header)
        if not path.startswith("src/store/"):
            for line, literal in source.strings:
                if SQL.search(literal):
                    yield line, "SQL lives in src/store/; add a repository function", "sql", ""
    for pattern, globs, but_not, advice in WORDS:
        if matches(path, globs.split()) and not matches(path, but_not.split()):
            for match in pattern.finditer(source.code):
                word = " ".join(match[0].split())
                yield source.line(match.start()), f"`{word}`: {advice}", "word", word
    for line, comment in source.comments:
        if COMMENTED_TEST.search(comment):
            yield line, "a test runs or is deleted; take this comment out", "word", "test"
    yield from check_functions(source, lines_max)
