"""The form of what a policy says: kinder than the API, its amounts as people write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from nightdesk.sections import Bytes
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.policy import Limit, Policy, Reach
from nightdesk.server.services.directory import UNLIMITED, PolicyChange

_BYTES = TypeAdapter[int](Bytes)
_UNITS = ((2**40, "T"), (2**30, "G"), (2**20, "M"))
WORDS = {
    Limit.SESSIONS: "Sessions at a time",
    Limit.RUNS: "Runs at a time",
    Limit.CPUS: "Cores in use at a time",
    Limit.MEMORY: "Memory in use at a time",
    Limit.HOME: "Home folder",
    Limit.RUN_HOURS: "Hours of runs a month",
    Limit.OUTPUT_DAYS: "Days that outputs stay",
    Limit.OUTPUT_RUNS: "Runs whose outputs stay",
    Limit.OUTPUT_BYTES: "Outputs that stay, in all",
}
EXAMPLES = {
    Limit.MEMORY: "32G",
    Limit.HOME: "50G",
    Limit.RUN_HOURS: "100",
    Limit.OUTPUT_DAYS: "180",
    Limit.OUTPUT_RUNS: "500",
    Limit.OUTPUT_BYTES: "200G",
}
_AMOUNTS = frozenset({Limit.MEMORY, Limit.HOME, Limit.OUTPUT_BYTES})


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """What stands in the fields: from the policy on record, or as it was typed."""

    read: str
    cancel: str
    sizes: frozenset[str]
    limits: dict[str, str] = field(default_factory=dict)
    together: str = ""

    @classmethod
    def of(cls, policy: Policy) -> PolicyForm:
        """The form of what is on record."""
        return cls(
            policy.read.value,
            policy.cancel.value,
            frozenset(policy.sizes or ()),
            {limit.value: amount_text(limit, value) for limit, value in policy.limits.items()},
            "" if policy.together is None else str(policy.together),
        )

    @classmethod
    def typed(cls, form: FormData) -> PolicyForm:
        """The form as somebody sent it."""

        def text(name: str) -> str:
            value = form.get(name, "")
            return value.strip()[:40] if isinstance(value, str) else ""

        return cls(
            text("read") or "own",
            text("cancel") or "own",
            frozenset(size for size in form.getlist("sizes") if isinstance(size, str)),
            {limit.value: text(limit.value) for limit in Limit if text(limit.value)},
            text("together"),
        )

    def change(self) -> PolicyChange:
        """What is to be said anew: all of it.

        Raises:
            Invalid: names the field that cannot be read.
        """
        limits = {
            limit: _amount(limit, self.limits[limit.value]) for limit in Limit if limit.value in self.limits
        }
        return PolicyChange(
            read=_reach(self.read),
            cancel=_reach(self.cancel),
            sizes=tuple(sorted(self.sizes)),
            limits=limits,
            decided_elsewhere=frozenset(set(Limit) - set(limits)),
            together=_count(self.together) if self.together else 0,
        )


def amount_text(limit: Limit, value: float | None) -> str:
    """A limit as it is typed: `4`, `32G`, `unlimited`."""
    if value is None:
        return UNLIMITED
    if limit in _AMOUNTS and value:
        for factor, unit in _UNITS:
            if value % factor == 0:
                return f"{int(value) // factor}{unit}"
    return f"{value:.15g}"


def _amount(limit: Limit, text: str) -> float | None:
    if text.lower() == UNLIMITED:
        return None
    words = f"{WORDS[limit]}: '{text}' is no amount"
    hint = f"Write a number{' such as ' + EXAMPLES[limit] if limit in EXAMPLES else ''}, or {UNLIMITED}."
    try:
        if limit in _AMOUNTS and text != "0":
            return _BYTES.validate_python(int(text) if text.isdecimal() else text)
        return float(text)
    except (ValidationError, ValueError) as error:
        raise Invalid(words, hint) from error


def _reach(text: str) -> Reach:
    try:
        return Reach(text)
    except ValueError:
        raise Invalid(f"'{text}' is none of {', '.join(Reach)}") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise Invalid(f"'{text}' is no number of runs", "Write a whole number from 1 on, or nothing.")
    return int(text)


def fields_of(kind: str) -> dict[str, Any]:
    """What the template needs to write the form."""
    return {
        "limit_words": [(limit.value, words, EXAMPLES.get(limit, "4")) for limit, words in WORDS.items()],
        "reaches": {
            "own": "their own runs",
            "group": "runs of the group" if kind == "group" else "runs of each group that they are in",
            "all": "everybody's runs",
        },
    }
