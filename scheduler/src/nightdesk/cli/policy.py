"""What groups decide, as options of commands and in words."""

from __future__ import annotations

import argparse

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.people_answers import Policy

UNLIMITED, UNSAID = "unlimited", "inherit"
_REACHES = ("own", "group", "all")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
#: Option, key of the interface, what it is, an example.
LIMITS = (
    ("--sessions", "sessions", "sessions at a time", "2"),
    ("--runs", "runs", "runs at a time", "4"),
    ("--cpus", "cpus", "cores that sessions and runs have at a time", "8"),
    ("--memory", "memory_bytes", "memory that sessions and runs have at a time", "32G"),
    ("--home", "home_bytes", "what the home folder may hold", "50G"),
    ("--run-hours", "run_hours", "hours of runs in a calendar month", "100"),
    ("--output-days", "output_days", "days that outputs stay", "180"),
    ("--output-runs", "output_runs", "runs whose outputs stay", "500"),
    ("--output-size", "output_bytes", "of outputs that stay", "200G"),
)


def policy_arguments(parser: argparse.ArgumentParser, *, group: bool) -> None:
    """The options that say something anew."""
    if group:
        rights = parser.add_argument_group("what members see of others' runs (own: nothing)")
        rights.add_argument("--read", choices=_REACHES, help="read: their own runs, those of the group, all")
        rights.add_argument("--cancel", choices=_REACHES, help="cancel: the same; never more than they read")
        rights.add_argument(
            "--together",
            metavar="N",
            help=f"runs of all members together at a time; {UNLIMITED}: no such limit",
        )
    limits = parser.add_argument_group(
        f"limits of each person: a number, {UNLIMITED}, or {UNSAID} (what is said elsewhere counts)"
    )
    limits.add_argument(
        "--sizes", metavar="A,B", help=f"sizes to choose from; {UNSAID}: say nothing about sizes"
    )
    for option, key, words, example in LIMITS:
        limits.add_argument(option, metavar=example, dest=f"limit_{key}", help=words)


def said_in(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as the interface takes it; empty where none was given."""
    said: dict[str, Any] = {}
    for name in ("read", "cancel"):
        if getattr(arguments, name, None):
            said[name] = getattr(arguments, name)
    if arguments.sizes is not None:
        said["sizes"] = (
            None if arguments.sizes == UNSAID else [each for each in arguments.sizes.split(",") if each]
        )
    together = getattr(arguments, "together", None)
    if together is not None:
        said["together"] = None if together in (UNLIMITED, UNSAID) else _whole("--together", together)
    limits = {}
    for option, key, _, _ in LIMITS:
        text = getattr(arguments, f"limit_{key}")
        if text is not None:
            limits[key] = _value(option, key, text)
    if limits:
        said["limits"] = limits
    return said


def show_policy(policy: Policy) -> None:
    """A policy, one line for each thing that it says."""
    from nightdesk.cli.table import show_facts

    facts = [
        ("read", _reach(policy["read"])),
        ("cancel", _reach(policy["cancel"])),
        (
            "sizes",
            "all, or what is said elsewhere" if policy["sizes"] is None else ", ".join(policy["sizes"]),
        ),
    ]
    facts += [(key.removesuffix("_bytes").replace("_", " "), said) for key, said in limits_of(policy)]
    if policy["together"] is not None:
        facts.append(("together", f"{policy['together']} runs of all members at a time"))
    show_facts(facts)


def limits_of(policy: Policy) -> list[tuple[str, str]]:
    """The limits that a policy says something about, in words."""
    from nightdesk.cli.wording import memory

    found = []
    for _, key, words, _ in LIMITS:
        value = policy["limits"].get(key)
        if value is None:
            continue
        if value == UNLIMITED:
            found.append((key, f"unlimited {words}"))
        else:
            found.append(
                (key, f"{memory(value) if key.endswith('_bytes') else format(value, 'g')} · {words}")
            )
    return found


def _reach(reach: str) -> str:
    return {"own": "their own runs", "group": "runs of the group", "all": "everybody's runs"}[reach]


def _value(option: str, key: str, text: str) -> Any:
    if text in (UNLIMITED, UNSAID):
        return None if text == UNSAID else UNLIMITED
    if key in ("sessions", "runs", "output_runs"):
        return _whole(option, text)
    try:
        if key.endswith("_bytes"):
            unit = text[-1:].upper()
            return int(float(text[:-1]) * _UNITS[unit]) if unit in _UNITS else int(text)
        return float(text.removesuffix({"run_hours": "h", "output_days": "d"}.get(key, "")))
    except (ValueError, OverflowError):
        raise WrongUsage(
            f"{option} {text!r} is no amount", f"Write a number (16G for bytes), {UNLIMITED} or {UNSAID}."
        ) from None


def _whole(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongUsage(f"{option} {text!r} is no count", f"Write a whole number, {UNLIMITED} or {UNSAID}.")
    return int(text)
