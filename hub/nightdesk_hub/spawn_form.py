"""The start page: a card for each channel, version and size on offer, the last choice marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader
from tornado import web

from nightdesk_hub.choice import Choice, last_or_default
from nightdesk_hub.offers import NoOffers, Offers, Version

if TYPE_CHECKING:
    from nightdesk_hub.spawner import NightdeskSpawner

TEMPLATES = Path(__file__).parent / "templates"

#: So many versions of an environment are shown at once; older ones are folded away.
NEWEST = 3

#: What somebody gets who follows a channel.
_CHANNEL_WORDS = {
    "stable": "follows what is tried and recommended",
    "next": "follows what comes next, to try it early",
}

_templates = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


class ChooseFirst(web.HTTPError):
    """A start page is shown instead of starting at once. No error to anybody, hence no message."""

    jupyterhub_message = ""

    def __init__(self) -> None:
        super().__init__(200)


async def render_form(spawner: NightdeskSpawner) -> str:
    """The form's inside for one person: HTML."""
    user = spawner.user.name
    ended = spawner.desk.endings.get((user, spawner.name), "")
    try:
        offers = await spawner.desk.offers.offers_for(spawner.member)
    except NoOffers as error:
        return _templates.get_template("no_offers.html").render(message=str(error), ended=ended)
    marked = last_or_default(offers, spawner.asked_for or spawner.user_options)
    beside = len(spawner.taken_beside())
    return form_html(offers, marked, ended, offers.allowance.notices(offers.sizes, beside))


def form_html(offers: Offers, marked: Choice, ended: str = "", notices: Sequence[str] = ()) -> str:
    """The form's inside as HTML; `ended` says how the last session ended by itself, `notices` what limits say."""

    def follows(version: Version, channel: str) -> bool:
        return marked.channel == channel and marked.version == version

    def stays_at(version: Version) -> bool:
        return not marked.channel and marked.version == version

    return _templates.get_template("spawn_form.html").render(
        environments=[
            {
                "title": environment.title,
                "name": environment.name,
                "description": environment.description,
                "channels": environment.channels,
                "newest": environment.versions[:NEWEST],
                "older": environment.versions[NEWEST:],
                "open": any(map(stays_at, environment.versions[NEWEST:])),
            }
            for environment in offers.environments
        ],
        sizes=offers.sizes,
        follows=follows,
        stays_at=stays_at,
        channel_words=lambda channel: _CHANNEL_WORDS.get(channel, "follows this channel"),
        marked_size=marked.size,
        memory=memory_words,
        cpus=cpu_words,
        ended=ended,
        notices=notices,
    )


def memory_words(memory_bytes: int) -> str:
    """`4 GiB memory`, `512 MiB memory`."""
    if memory_bytes < 2**30:
        return f"{memory_bytes / 2**20:.3g} MiB memory"
    return f"{memory_bytes / 2**30:.4g} GiB memory"


def cpu_words(cpus: float) -> str:
    """`1 core`, `2.5 cores`."""
    return "1 core" if cpus == 1 else f"{cpus:g} cores"


def form_options(form: dict[str, Any]) -> dict[str, Any]:
    """Options out of the form: `version` is `environment:version` or `environment@channel` there.

    Whatever else was sent is passed on, to be refused where options are checked.
    """
    options: dict[str, Any] = {
        key: values[0] if isinstance(values, list) and len(values) == 1 else values
        for key, values in form.items()
    }
    version = options.get("version")
    if isinstance(version, str) and (parts := re.fullmatch(r"([^:@]+)([:@])(.+)", version, re.DOTALL)):
        del options["version"]
        options["environment"] = parts[1]
        options["channel" if parts[2] == "@" else "version"] = parts[3]
    return options


def query_options(query: dict[str, Any]) -> dict[str, Any]:
    """What a link asks to have marked: `?version=python-data@next&size=small`."""
    return {key: value for key, value in form_options(query).items() if isinstance(value, str)}
