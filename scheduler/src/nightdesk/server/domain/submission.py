"""What somebody hands over to be run, and which of it can be refused without looking into the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.run import Priority

if TYPE_CHECKING:
    from nightdesk.server.domain.person import Person

KINDS = {".ipynb": "notebook", ".py": "script", ".R": "script", ".r": "script"}
_LONGEST_LABEL = 200
# Control characters, line ends, marks that turn the direction of what follows, half characters.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class WantedInput:
    """An output of another run that is to lie beside the file under a name."""

    name: str
    run: str
    output: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to run ``file``. Names are as typed; None means the platform's default.

    ``owner`` is whose run it becomes, with groups and rights, where that is not whoever asks.
    """

    file: str
    name: str | None = None
    environment: str | None = None
    size: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    parameters_are_text: bool = False
    priority: Priority = Priority.NORMAL
    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    retries: int = 0
    retry_wait_seconds: float | None = None
    notify: str | None = None
    key: str | None = None
    inputs: tuple[WantedInput, ...] = ()
    git: dict[str, Any] | None = None
    left_out: tuple[str, ...] = ()  # of the files that were to come along: what was none
    as_user: str | None = None
    owner: Person | None = None


def kind_of(file: str) -> str:
    """``notebook`` or ``script``.

    Raises:
        Invalid: the name is no plain file name, or of a kind that nobody here runs.
    """
    check_file_name(file)
    for suffix, kind in KINDS.items():
        if file.endswith(suffix):
            return kind
    raise Invalid(
        f"'{file[:100]}' is neither a notebook nor a script", "Submit a .ipynb, .py or .R file.", field="file"
    )


def check_file_name(name: str) -> None:
    """Raise :class:`Invalid` unless ``name`` is one plain file name."""
    if not name or name in {".", ".."} or "/" in name or "\\" in name or "\x00" in name:
        raise Invalid(f"'{name[:100]}' is no plain file name", "Give the name without folders.")
    if len(name.encode("utf-8", "replace")) > 255:
        raise Invalid("the file's name is longer than 255 bytes", "Give it a shorter name.")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise Invalid(f"'{name[:100]}' is no plain file name", "Its characters are not all Unicode text.")


def check_label(what: str, value: str, field: str | None = None) -> str:
    """A name that people read: one line, 1 to 200 characters."""
    value = value.strip()
    if not value or len(value) > _LONGEST_LABEL or _UNREADABLE.search(value):
        raise Invalid(f"{what} must be one line of 1 to {_LONGEST_LABEL} characters", field=field)
    return value


def label_from(file: str) -> str:
    """What a run is called when nobody names it: its file's name, made fit for a list."""
    name = _UNREADABLE.sub(" ", file).strip()
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"
