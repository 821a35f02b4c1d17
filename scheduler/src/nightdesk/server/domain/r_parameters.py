"""Parameters in R: what a parameters cell of R declares, and given values as R's own literals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nightdesk.server.domain.parameters import COMPUTED, Parameter

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\ufeff\xa0]+)
    |(?P<comment>\#[^\n]*)
    |(?P<end>[\n;])
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)L?(?![\w.]))
    |(?P<name>(?:[^\W\d_]|\.(?!\d))[\w.]*|`[^`\n]+`)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<operator><<-|<-|->>|->|%[^%\n]*%|\|>|\|\||&&|[<>=!]=|:::?|[-+*/^<>=!&|~?:$@,\\])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"TRUE": True, "T": True, "FALSE": False, "F": False, "NULL": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(
    r"\\(?:u\{?([0-9a-fA-F]{1,4})\}?|U\{?([0-9a-fA-F]{1,8})\}?|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL
)
_KINDS: dict[type, set[str]] = {
    bool: {"bool"},
    int: {"int"},
    float: {"float"},
    str: {"str"},
    list: {"list"},
    dict: {"dict"},
}
_DEEPEST = 50

Token = tuple[str, str]


class _NotPlain(Exception):
    """The text is not R that this module reads."""


def parameters_of_r(source: str) -> list[Parameter] | None:
    """The variables that a cell of R assigns at its top level; None where it is not plain R.

    A type comes from the default: ``2026`` takes any number and ``5L`` a whole one, ``c(…)`` and ``list(…)``
    take lists, or names and values where they have names. Text after ``#`` on the line is the description.
    """
    found: dict[str, Parameter] = {}
    try:
        for tokens, comment in _statements(source):
            if len(tokens) < 3 or tokens[0][0] != "name" or tokens[1][1] not in {"<-", "=", "<<-"}:
                continue
            name = tokens[0][1].strip("`")
            default = _literal(tokens[2:])
            kinds = frozenset() if default is COMPUTED else frozenset(_KINDS.get(type(default), set()))
            found[name] = Parameter(name, kinds, not kinds, default, comment)
    except _NotPlain:
        return None
    return list(found.values())


def written_in_r(value: Any) -> str:
    """A value of JSON as R's literal: a list of values of one kind is a vector, any other a ``list``."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        kinds = {"number" if type(each) in {int, float} else type(each).__name__ for each in value}
        vector = kinds in ({"number"}, {"str"}, {"bool"})
        return f"{'c' if vector else 'list'}({', '.join(map(written_in_r, value))})"
    named = (f"{_quoted(key)} = {written_in_r(each)}" for key, each in value.items())
    return f"list({', '.join(named)})"


def _quoted(text: str) -> str:
    """Letters as they are: the ``\\xe9`` of other languages would be half a letter in R."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text) + '"'


def _statements(source: str) -> Iterator[tuple[list[Token], str]]:
    """The tokens of each statement at the top level, and the comment on the line where it ends."""
    statement: list[Token] = []
    depth, at = 0, 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise _NotPlain
        kind, text, at = str(match.lastgroup), match[0], match.end()
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if depth < 0:
            raise _NotPlain
        if kind in {"space", "comment"}:
            continue
        if kind != "end":
            statement.append((kind, text))
        elif depth == 0 and statement and (text == ";" or statement[-1][0] != "operator"):
            yield statement, _comment_before(source, match.start()) if text == "\n" else ""
            statement = []
    if depth:
        raise _NotPlain
    if statement:
        yield statement, _comment_before(source, at)


def _comment_before(source: str, end: int) -> str:
    """The comment that the line ending at ``end`` closes with."""
    at, comment = source.rfind("\n", 0, end) + 1, ""
    while at < end:
        match = _TOKEN.match(source, at)
        if match is None:  # the line begins within a text of several lines
            return ""
        comment, at = (match[0] if match.lastgroup == "comment" else ""), match.end()
    return comment.lstrip("# ").rstrip()


def _literal(tokens: list[Token]) -> Any:
    try:
        value, rest = _value(tokens, 0)
    except (_NotPlain, IndexError):
        return COMPUTED
    return COMPUTED if rest else value


def _value(tokens: list[Token], depth: int) -> tuple[Any, list[Token]]:
    """The value at the front and the tokens after it. Raises IndexError or _NotPlain where there is none."""
    if depth > _DEEPEST:
        raise _NotPlain
    kind, text = tokens[0]
    if kind == "operator" and text in "+-" and tokens[1][0] == "number":
        return (-1 if text == "-" else 1) * _number(tokens[1][1]), tokens[2:]
    if kind == "number":
        return _number(text), tokens[1:]
    if kind == "text":
        return _text(text), tokens[1:]
    if kind == "name" and text in _WORDS:
        return _WORDS[text], tokens[1:]
    if kind == "name" and text in {"c", "list"} and tokens[1] == ("open", "("):
        return _collection(tokens[2:], depth + 1)
    raise _NotPlain


def _collection(tokens: list[Token], depth: int) -> tuple[Any, list[Token]]:
    """What stands in ``c(`` or ``list(``: a list, or a dictionary where every item has a name."""
    names: list[str | None] = []
    values: list[Any] = []
    while tokens[0] != ("close", ")"):
        name = None
        if tokens[0][0] in {"name", "text"} and tokens[1] == ("operator", "="):
            name = _text(tokens[0][1]) if tokens[0][0] == "text" else tokens[0][1].strip("`")
            tokens = tokens[2:]
        value, tokens = _value(tokens, depth)
        names.append(name)
        values.append(value)
        if tokens[0] == ("operator", ","):
            tokens = tokens[1:]
        elif tokens[0] != ("close", ")"):
            raise _NotPlain
    if any(name is not None for name in names):
        if any(name is None for name in names):
            raise _NotPlain
        return dict(zip(map(str, names), values, strict=True)), tokens[1:]
    return values, tokens[1:]


def _number(text: str) -> int | float:
    """R's ``5`` is a floating-point number and ``5L`` a whole one."""
    whole = text.endswith("L")
    digits = text.removesuffix("L")
    number = float(int(digits, 16)) if digits[:2] in {"0x", "0X"} else float(digits)
    if number in (float("inf"), float("-inf")):
        raise _NotPlain
    return int(number) if whole else number


def _text(quoted: str) -> str:
    def plain(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        if not digits:
            return _ESCAPES.get(found[4], found[4])
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise _NotPlain
        return chr(code)

    return _ESCAPE.sub(plain, quoted[1:-1])
