"""Routes about people who leave: the hub says who, admins look at what somebody owns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.domain.audit import Origin, origin
from nightdesk.server.domain.leaving import in_words
from nightdesk.server.services.leaving import Heir, leave, let_in, put_away
from nightdesk.server.web.auth import Admin, Platform, the_hub
from nightdesk.server.web.paths import API

router = APIRouter(prefix=API, tags=["platform"])
Name = Annotated[str, Path(max_length=255)]


class News(BaseModel):
    """What the hub says of somebody."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["out", "back", "removed"]
    by: str = Field(max_length=255)
    address: str = Field(default="", max_length=64, description="from where they asked")
    at: str = Field(
        default="", max_length=64, description="of `out`: since when, so that the same news are known"
    )
    heir: str | None = Field(default=None, max_length=255)
    heir_groups: tuple[str, ...] = ()
    number: int = Field(default=1, ge=1, description="of `removed`: which of this name it is")


@router.put("/leaving/{name}", dependencies=[Depends(the_hub)])
async def leaving(platform: Platform, name: Name, news: News) -> dict[str, Any]:
    """Somebody is disabled, let in again, or removed. Only the hub says so, which keeps the record of it."""
    return await run_sync(_do, platform, name, news)


@router.get("/owners/{name}")
def owned(platform: Platform, _admin: Admin, name: Name) -> dict[str, Any]:
    """What somebody has on record: runs by status, and the bytes of their outputs. For admins."""
    return {"name": name, "shown": in_words(name), **asdict(platform.records.owned(name))}


def _do(platform: WebPlatform, name: str, news: News) -> dict[str, Any]:
    records = platform.records
    origin.set(Origin(news.address, "page"))
    if news.state == "back":
        let_in(records, name, news.by)
        return {}
    if news.state == "removed":
        kept = put_away(records, name, news.number, news.by)
        platform.directory.told([name])  # with what was said about them as a person
        return {"kept": kept}
    heir = None if news.heir is None else Heir(news.heir, news.heir_groups)
    done = leave(records, platform.bell, name, news.by, heir, lambda: platform.directory.told([name]))
    platform.waiting.forget()
    return asdict(done)
