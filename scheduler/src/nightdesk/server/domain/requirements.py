"""Lists of packages as people write them: pip's ``requirements.txt`` and conda's ``environment.yml``."""

from __future__ import annotations

import re
from typing import Any

from nightdesk.server.domain.errors import Invalid

PYTHON = "3.13"  # of the base that every environment stands on
_LINE = re.compile(r"^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@].*)?$")
_CONDA = re.compile(r"^(?:[\w./:-]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*)$")
_BOUND = re.compile(r"^(===|==|>=|<=|!=|~=|=|>|<)?\s*([0-9A-Za-z](?:[\w.+!-]*\w)?)(\.?\*)?$")
_HELD_BACK = ("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-f", "--find-links")
_INDEX = (
    "-i",
    "--index-url",
    "--extra-index-url",
    "--trusted-host",
    "--no-index",
    "--pre",
    "--prefer-binary",
)
# What conda packages and pip's index has not, or has under other rules.
_NOT_PIP = re.compile(
    r"^(r|r-.*|bioconductor-.*|cudatoolkit|cuda-.*|mkl.*|gcc.*|gxx.*|openjdk|nodejs|libgdal)$"
)


def names_in(text: str) -> list[str]:
    """The packages that a requirements file names.

    Raises:
        Invalid: a line is none of pip's, or asks for what a build does not have; the message quotes it.
    """
    found = []
    for number, line in enumerate(_joined(text), 1):
        if not line or line.startswith("#"):
            continue
        option = line.split()[0].split("=")[0]
        if option in _HELD_BACK:
            raise Invalid(
                f"line {number}, '{line[:80]}': a list of requirements stands alone here",
                "Write the packages themselves into it, or send a folder with a Dockerfile.",
            )
        if option in _INDEX:
            raise Invalid(
                f"line {number}, '{line[:80]}': which index packages come from is the platform's to say",
                "Take the line out; an admin sets the index for all builds in pip's own settings on the server.",
            )
        name = _LINE.match(line.split(" --hash")[0].split(" #")[0].rstrip())
        if name is None:
            raise Invalid(
                f"line {number}, '{line[:80]}', names no package",
                "Write NAME, or NAME with a version: `pandas>=3,<4`.",
            )
        if "@" in line.split(" #")[0].split(";")[0]:
            raise Invalid(
                f"line {number}, '{line[:80]}': packages come from the index, as wheels with a hash",
                "Build a package of your own in a folder with a Dockerfile: images/modelling shows how.",
            )
        found.append(name[1])
    if not found:
        raise Invalid("the list names no package", "Write one a line: `pandas>=3,<4`.")
    return found


def _joined(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()]


def from_conda(document: dict[str, Any]) -> str:
    """A requirements file for what conda's ``environment.yml`` lists.

    Raises:
        Invalid: something in it has no counterpart; the message names it.
    """
    dependencies = document.get("dependencies")
    if not isinstance(dependencies, list) or not dependencies:
        raise Invalid("the environment.yml has no list of 'dependencies'")
    lines: list[str] = []
    for each in dependencies:
        if isinstance(each, dict) and set(each) == {"pip"} and isinstance(each["pip"], list):
            lines.extend(str(line) for line in each["pip"])
        elif isinstance(each, str):
            lines.extend(_translated(each.strip()))
        else:
            raise Invalid(
                f"'{str(each)[:80]}' among the dependencies is neither a package nor a list for pip"
            )
    if not lines:
        raise Invalid("the environment.yml lists nothing but Python itself")
    return "".join(f"{line}\n" for line in lines)


def _translated(text: str) -> list[str]:
    match = _CONDA.match(text)
    if match is None:
        raise Invalid(f"'{text[:80]}' among the dependencies names no package")
    name, bounds = match[1].lower(), match[2].strip()
    if name in {"pip", "setuptools", "wheel"}:
        return []
    if name == "python":
        _check_python(bounds)
        return []
    if _NOT_PIP.match(name):
        what = (
            "an R package" if name == "r" or name.startswith(("r-", "bioconductor-")) else "no Python package"
        )
        raise Invalid(
            f"'{match[1]}' is {what}, and this list is installed with pip",
            "Take it out, or send a folder with a Dockerfile: images/r-data shows how R is installed.",
        )
    return [name + ",".join(_bound(bound, text) for bound in _bounds(bounds))]


def _bounds(text: str) -> list[str]:
    if "|" in text:
        raise Invalid(f"'{text[:80]}' means one of several versions, which pip cannot say", "Choose one.")
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and not parts[0].startswith((">", "<", "!", "~")):
        # NAME=VERSION=BUILD, where the build is conda's own; also written with blanks
        words = re.split(r"(?<![=<>!~])=(?!=)|\s+", re.sub(r"\s*(==?)\s*", r"\1", parts[0]))
        words = [word for word in words if word]
        exact = parts[0].startswith("==")
        return [("==" if exact else "=") + words[0].lstrip("=")] if words else []
    return parts


def _bound(text: str, whole: str) -> str:
    match = _BOUND.match(text)
    if match is None:
        raise Invalid(f"'{whole[:80]}' has a version that pip does not understand", "Write NAME=VERSION.")
    sign, version, star = match[1] or "=", match[2], match[3]
    if sign == "=":  # conda's: any version that begins like this
        return f"=={version}.*"
    return f"{sign}{version}{'.*' if star and sign in {'==', '!='} else ''}"


def _check_python(bounds: str) -> None:
    for bound in _bounds(bounds):
        match = _BOUND.match(bound)
        if match is None or not _fits(match[1] or "=", match[2]):
            raise Invalid(
                f"it asks for python {bounds}, and environments here have Python {PYTHON}",
                f"Write `python={PYTHON}`, or take the line out.",
            )


def _fits(sign: str, version: str) -> bool:
    ours = tuple(map(int, PYTHON.split(".")))
    asked = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    width = len(asked)
    mine = ours[:width]
    return {
        "=": mine == asked,
        "==": mine == asked,
        "===": mine == asked,
        "~=": mine >= asked and ours[:1] == asked[:1],
        ">=": mine >= asked,
        ">": mine > asked,
        "<=": mine <= asked,
        "<": mine < asked,
        "!=": mine != asked or width < len(ours),
    }[sign]
