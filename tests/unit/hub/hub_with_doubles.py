"""A configuration file for JupyterHub as it is run by test_hub.py: a real hub with our package, an
engine in memory, and the addresses that the environment gives.

SETTINGS, in JSON, are the platform's beside those below; R_GROUPS, likewise, who the R environment is
for. A file `engine-away` in the data folder takes the engine away, `api-away` the api; `oom` ends the
session of ada. What is sent to the audit log goes to `sent.jsonl`, but while there is a file
`audit-away`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "hub")]

from engine_double import EngineDouble  # noqa: E402
from nightdesk.config import Settings  # noqa: E402
from nightdesk_hub.configure import configure  # noqa: E402
from nightdesk_hub.leaving.telling import NotTold  # noqa: E402
from nightdesk_hub.offer_book import ApiAway  # noqa: E402
from nightdesk_hub.offers import Member  # noqa: E402
from nightdesk_hub.secrets import read_secrets  # noqa: E402
from offers_double import NEW, OLD, offers_answer  # noqa: E402

data = Path(os.environ["DATA"])


class Engine(EngineDouble):
    """Away while a test wants it."""

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if (data / "engine-away").exists():
            raise TimeoutError
        if (data / "oom").exists():
            (data / "oom").unlink()
            await asyncio.to_thread(self.end, "desk-session-ada", ExitCode=137, OOMKilled=True)
        return await super().call(method, *args, **kwargs)


async def ask(member: Member) -> Any:
    """The api's offers."""
    if (data / "api-away").exists():
        raise ApiAway("taken away by a test")
    answer = {**offers_answer(), "user": member.name}
    answer["environments"][1]["groups"] = json.loads(os.environ.get("R_GROUPS", "[]"))
    return answer


async def tell(name: str, news: dict[str, Any]) -> dict[str, Any]:
    """The api's part of leaving: noted in a file."""
    if (data / "api-away").exists():
        raise NotTold("taken away by a test")
    with (data / "told").open("a") as told:
        told.write(json.dumps({"name": name, **news}) + "\n")
    return {"cancelled": 0, "ending": 0, "handed_over": 0}


def send(entries: list[dict[str, Any]]) -> None:
    """The api's side of the audit log: a file."""
    if (data / "audit-away").exists():
        raise ConnectionRefusedError("taken away by a test")
    with (data / "sent.jsonl").open("a") as out:
        out.write("".join(json.dumps(each) + "\n" for each in entries))


def fetch() -> Any:
    """The api's announcements: a file."""
    file = data / "announcements.json"
    return {"announcements": json.loads(file.read_text()) if file.exists() else []}


c = get_config()  # type: ignore[name-defined]  # noqa: F821
settings = Settings.model_validate(
    {
        "site": {"title": "Our Desk"},
        "sessions": {"start_timeout": 10},
        **json.loads(os.environ.get("SETTINGS", "{}")),
    }
)
configure(
    settings,
    read_secrets(os.environ, provider=settings.accounts.provider is not None),
    c,
    data=data,
    # The image of the R environment is missing.
    engine=Engine("desk", {OLD, NEW}, port=int(os.environ["SESSION_PORT"])),
    ask=ask,
    tell=tell,
    send=send,
    fetch=fetch,
).start()
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = os.environ["HUB_URL"]
c.NightdeskProxy.api_url = os.environ["PROXY_URL"]
c.NightdeskSpawner.port = int(os.environ["SESSION_PORT"])
c.NightdeskSpawner.poll_interval = 1
