"""One source file as tools/tidy sees it: its lines, its code without comments and literals, its includes, its functions."""

import re
from dataclasses import dataclass, field
from pathlib import Path

CPP_SUFFIXES = {".h", ".cpp"}

_LITERAL_OR_COMMENT = re.compile(
    r"""
      //[^\n]*                                   # a line comment
    | /\*.*?\*/                                  # a block comment
    | R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)" # a raw string
    | "(?:[^"\\\n]|\\.)*"                        # a string
    | (?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'        # a character, but not the separator of 1'000
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
_ALLOW = re.compile(r"(?://|#)\s*tidy:\s*allow\s+([\w-]+)\s*(?::\s*(\S.*))?$")


def blank_comments_and_literals(text):
    """The same text with spaces where comments and the insides of literals were; line breaks stay."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return _LITERAL_OR_COMMENT.sub(blank, text)


@dataclass
class Include:
    line: int
    target: str
    is_quoted: bool


@dataclass
class Allowance:
    """A line `// tidy: allow <rule>: <reason>`; it holds for its own line and the next one, near the top for the whole file."""

    line: int
    rule: str
    reason: str
    is_used: bool = False


@dataclass
class Function:
    first_line: int
    last_line: int

    @property
    def line_count(self):
        return self.last_line - self.first_line + 1


@dataclass
class SourceFile:
    path: str  # relative to the repository
    text: str
    lines: list = field(init=False)
    allowances: list = field(init=False)

    def __post_init__(self):
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.allowances = [
            Allowance(number, match.group(1), match.group(2) or "")
            for number, line in enumerate(self.lines, 1)
            if (match := _ALLOW.search(line))
        ]
        self._code_lines = None

    @classmethod
    def read(cls, root, path):
        return cls(path, (Path(root) / path).read_text(encoding="utf-8", errors="replace"))

    @property
    def is_cpp(self):
        return Path(self.path).suffix in CPP_SUFFIXES

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def path_in_src(self):
        """Where it lies below src/, or None for files elsewhere."""
        return self.path[len("src/"):] if self.path.startswith("src/") else None

    @property
    def code_lines(self):
        if self._code_lines is None:
            self._code_lines = blank_comments_and_literals(self.text).split("\n")[:len(self.lines)]
        return self._code_lines

    def includes(self):
        found = []
        for number, (line, code) in enumerate(zip(self.lines, self.code_lines), 1):
            if "#" in code and (match := _INCLUDE.match(line)):
                found.append(Include(number, match.group(2), match.group(1) == '"'))
        return found

    def functions(self):
        return find_functions("\n".join(self.code_lines))


def find_functions(code):
    """The outermost functions: `{` after a `)` where a namespace's or a type's members stand. A heuristic that knows our format."""
    functions = []
    stack = []  # what each open brace belongs to: "scope", "function", "other"
    header = []  # the code since the last statement ended
    line = 1
    opened_at = 0
    previous = " "
    for character in _without_directives(code):
        if character == "\n":
            line += 1
        if character == "{":
            if "function" in stack or "other" in stack:
                stack.append("inner")
            elif previous.isalnum() or previous in "_>":
                stack.append("initializer")  # a member's: "Name(int a) : a_{a} {"
                header.append(character)
            else:
                kind = _kind_of_brace("".join(header))
                stack.append(kind)
                opened_at = line
                header = []
        elif character == "}":
            kind = stack.pop() if stack else "scope"
            if kind == "function":
                functions.append(Function(opened_at, line))
            if kind == "initializer":
                header.append(character)
            elif kind != "inner":
                header = []
        elif character == ";":
            if not stack or stack[-1] == "scope":
                header = []
        elif not stack or stack[-1] in ("scope", "initializer"):
            header.append(character)
        previous = character
    return functions


def _without_directives(code):
    """Code with preprocessor lines emptied, their continuations too."""
    continued = False
    kept = []
    for line in code.split("\n"):
        is_directive = continued or line.lstrip().startswith("#")
        continued = is_directive and line.rstrip().endswith("\\")
        kept.append("" if is_directive else line)
    return "\n".join(kept)


def _kind_of_brace(header):
    header = header.strip()
    if re.search(r"\bnamespace\b", header) or re.fullmatch(r"extern\s*", header):
        return "scope"
    if header.endswith("="):
        return "other"
    if re.match(r"(template\b.*?>\s*)?(requires\b.*\s)?(typedef\s+)?(class|struct|union)\b(?!.*\)\s*(const|noexcept|override)?$)", header, re.DOTALL):
        return "scope"
    if re.match(r"enum\b", header):
        return "other"
    return "function" if ")" in header else "other"
