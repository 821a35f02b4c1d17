"""What is asked: the description's own idea of each request, and ours of those that say more than it can."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from ..support.notebooks import code, notebook
from .conftest import API, Known

_TEXT = st.text(max_size=12)
_ANY = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.lists(st.integers(), max_size=2)
_NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 60, 1e308, -1])
_FILES = st.sampled_from(["a.ipynb", "a.py", "a.R", "a.exe", "", "../a.ipynb", "ü 😀.ipynb"])
_FIELDS = {
    "name": _TEXT | st.sampled_from(["nightly", "\n", "x" * 300]),
    "environment": st.sampled_from(["python-data", "python-data:2026.12.1", "python-data@stable", "none", ":", "@"]) | _TEXT,
    "size": st.sampled_from(["tiny", "small", "huge"]) | _TEXT,
    "parameters": st.dictionaries(st.sampled_from(["year", "x", "class", ""]) | _TEXT, _ANY, max_size=2),
    "parameters_are_text": st.booleans(),
    "priority": st.sampled_from(["low", "normal", "high", "urgent", "first"]),
    "timeout_seconds": _NUMBERS,
    "cell_timeout_seconds": _NUMBERS,
    "retries": st.integers(-1, 11) | st.integers(),
    "retry_wait_seconds": _NUMBERS,
    "key": _TEXT,
    "as": st.sampled_from(["felix", "ada", "nobody", ""]) | _TEXT,
}  # fmt: skip
_WISHES = st.fixed_dictionaries({"file": _FILES}, optional=_FIELDS)
_WRONG = st.dictionaries(st.sampled_from([*_FIELDS, "file", "image", "owner"]), _ANY, max_size=5)
REQUESTS = _WISHES.map(json.dumps) | _WRONG.map(json.dumps) | _ANY.map(json.dumps) | _TEXT
_GOOD = notebook(code("year = 1", "parameters"), "print(year)")
_KINDS = [_GOOD, _GOOD, notebook("1", kernel="none"), b"print(1)", b"", b"{}", b"\xff", b"[" * 5000]
SOURCES = st.sampled_from(_KINDS) | st.binary(max_size=20)
ARCHIVES = st.sampled_from([b"", b"\x1f\x8b", b"PK"]) | st.binary(max_size=20)


def ways(route: str, known: Known) -> st.SearchStrategy[dict[str, Any]]:
    """Parts of the path that the description cannot know: ids and names of files. Now and then none: its own."""
    ids = st.sampled_from([known.own, known.own, known.failed, known.others])
    names = st.sampled_from([*known.outputs, "notebook.html", "..", "%2e%2e/x"])
    if "/environments/" in route:
        # What changes something is asked of what there is not, or other tests would find it changed.
        names = st.sampled_from(["python-data", "none"] if route.startswith("GET") else ["none", "..", "ü"])
    found: dict[str, st.SearchStrategy[str]] = {}
    if "{run_id}" in route:
        found["run_id"] = ids
    if "{name}" in route:
        found["name"] = names
    if "{version}" in route:
        found["version"] = st.sampled_from(["2026.12.1", "2026.10.1", "none"])
    if "{channel}" in route:
        found["channel"] = st.sampled_from(["stable", "next", "latest"])
    if "{build_id}" in route:
        found["build_id"] = st.sampled_from([known.build, known.build, "b-none"])
    if "/groups/{name}" in route or "/policies/" in route:
        # Of a group that there is not: what holds for everybody would hold for other tests as well.
        found["name"] = st.sampled_from(["fuzzed", "..", "ü", "a/b"])
        if route.startswith("PATCH"):
            return st.fixed_dictionaries({"name": found["name"], "kind": st.just("group")})
    return st.fixed_dictionaries({}, optional=found)


def submissions() -> st.SearchStrategy[dict[str, Any]]:
    """The parts of a form for `POST /runs`, each of which may be missing or twice."""
    parts = {"request": REQUESTS, "source": SOURCES, "files": ARCHIVES}
    return st.fixed_dictionaries({"request": REQUESTS, "source": SOURCES}, optional={"files": ARCHIVES}) | (
        st.fixed_dictionaries({}, optional=parts)
    )


_NOWHERE = "127.0.0.1:9/none:1"
_BUILD_FIELDS = {
    "environment": st.sampled_from(["fuzzed", "Fuzzed", "python-data", ""]) | _TEXT,
    "version": st.sampled_from(["1", "2026.12.1", "../1", ""]) | _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "channel": st.sampled_from(["stable", "next", "latest", None]),
    "source": st.sampled_from([_NOWHERE, "https://127.0.0.1:9/x.git", "r-data/1", "python-data:1", "", "--x"])
    | _TEXT,
    "ref": st.sampled_from(["main", "--x"]) | _TEXT,
    "folder": st.sampled_from(["a/b", "../x"]) | _TEXT,
}
_KINDS_OF_BUILD = st.sampled_from(["requirements", "folder", "git", "image", "again", "magic"])
BUILD_REQUESTS = (
    st.fixed_dictionaries({"kind": _KINDS_OF_BUILD}, optional=_BUILD_FIELDS).map(json.dumps)
    | st.dictionaries(st.sampled_from([*_BUILD_FIELDS, "kind", "image"]), _ANY, max_size=5).map(json.dumps)
    | _ANY.map(json.dumps)
    | _TEXT
)


def wished_builds() -> st.SearchStrategy[dict[str, Any]]:
    """The parts of a form for `POST /builds`; whatever is accepted of it comes to nothing."""
    return st.fixed_dictionaries({}, optional={"request": BUILD_REQUESTS, "files": ARCHIVES}) | (
        st.fixed_dictionaries({"request": BUILD_REQUESTS})
    )


def place(route: str) -> tuple[str, str]:
    """Path and method in the description."""
    method, _, path = route.partition(" ")
    return f"{API}{path}", method
