"""The web application: REST, live events and pages, as a service behind the hub's proxy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from nightdesk.server.bootstrap import WebPlatform
from nightdesk.server.services.request_build import MAX_BYTES
from nightdesk.server.web import (
    again,
    announcements,
    api,
    audit,
    audit_pages,
    build_form,
    build_pages,
    builds,
    catalogue,
    comparing,
    connection_pages,
    connections,
    environment_pages,
    environments,
    errors,
    from_git,
    group_pages,
    groups,
    home_pages,
    inspection,
    leaving,
    listing,
    live,
    metrics,
    notifications,
    oauth,
    outputs,
    pages,
    people_pages,
    people_usage,
    pipeline_pages,
    pipelines,
    pipelines_from_git,
    previews,
    pushes,
    report_pages,
    reports,
    retention,
    schedule_pages,
    schedules,
    sessions,
    sharing,
    so_far,
    story,
    sweep_live,
    sweep_pages,
    sweeps,
    usage,
    zipped,
)
from nightdesk.server.web.described import describe
from nightdesk.server.web.dispatcher import Dispatcher
from nightdesk.server.web.form_route import MAX_FILES, PAGE_FIELDS
from nightdesk.server.web.growing import InMaking
from nightdesk.server.web.guard import Guard
from nightdesk.server.web.locksmith import Locksmith
from nightdesk.server.web.paths import API, BASE
from nightdesk.server.web.renderer import Renderer
from nightdesk.server.web.session_watch import SessionWatch


def create_app(platform: WebPlatform, at_gate: bool = False) -> FastAPI:
    """The application over a platform's parts; ``at_gate`` it is the runs' alone, see :mod:`gate`."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        listening = asyncio.create_task(app.state.news.listen())
        if not at_gate:  # one for each process that people ask is enough
            app.state.dispatcher.start()
            app.state.sessions.start()
            app.state.locksmith.start()
        try:
            yield
        finally:
            listening.cancel()
            app.state.dispatcher.stop()
            app.state.sessions.stop()
            app.state.locksmith.stop()
            app.state.renderer.close()
            app.state.previewer.close()

    limit = platform.settings.runs.max_source_bytes + platform.settings.runs.max_files_bytes + 2**20
    app = FastAPI(
        title="Nightdesk",
        version=version("nightdesk"),
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # an address has one form
        form_limits={"max_fields": PAGE_FIELDS, "max_files": MAX_FILES},
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.gate = at_gate
    app.state.news = live.News(platform.environment.redis_url, platform.forget_people)
    app.state.dispatcher = Dispatcher(platform)
    app.state.sessions = SessionWatch(platform)
    app.state.locksmith = Locksmith(platform)
    app.state.fetches = from_git.fetches()
    app.state.small_submits = api.small_submits()
    app.state.renderer = Renderer()
    app.state.in_making = InMaking()
    app.state.so_far = so_far.SoFar()
    app.state.previewer = previews.previewer()
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    errors.install(app)
    runs_and_more = (
        api,
        from_git,
        inspection,
        listing,
        story,
        live,
        zipped,
        outputs,
        so_far,
        usage,
        catalogue,
        environments,
        builds,
        metrics,
        previews,
        reports,
    )
    for_admins = (audit, audit_pages, people_pages, sessions, announcements, leaving, groups)
    for part in (*runs_and_more, *for_admins, oauth, pages):
        app.include_router(part.router)
    app.include_router(home_pages.router)
    app.include_router(pipelines_from_git.router)
    app.include_router(pushes.router)  # it has put its own routes to those of schedules
    app.include_router(schedules.router)
    app.include_router(pipelines.router)
    app.include_router(sweeps.router)
    app.include_router(sweep_live.router)
    app.include_router(pipeline_pages.router)
    app.include_router(sweep_pages.router)
    app.include_router(connections.router)
    app.include_router(schedule_pages.router)
    app.include_router(groups.for_the_hub)
    app.include_router(people_usage.router)
    app.include_router(people_usage.pages)
    app.include_router(retention.router)
    app.include_router(retention.pages)
    app.include_router(metrics.pages)
    app.include_router(previews.pages)
    app.include_router(report_pages.router)
    app.include_router(sharing.router)
    app.include_router(comparing.router)
    app.include_router(comparing.pages)
    app.include_router(sharing.pages)
    app.include_router(again.router)
    app.include_router(group_pages.router)
    app.include_router(connection_pages.router)
    app.include_router(sessions.pages)
    app.include_router(notifications.router)
    app.include_router(notifications.pages)
    app.include_router(announcements.pages)
    app.include_router(build_pages.router)  # before those whose addresses begin with an environment's name
    app.include_router(environment_pages.router)
    app.mount(f"{BASE}/static", StaticFiles(directory=pages.STATIC), name="static")
    own_limits = {
        f"{API}/builds": MAX_BYTES + 2**20,
        f"{build_pages.PAGES}/build": build_form.MAX_BYTES,
        f"{API}/audit/arrived": 4 * 2**20,
        **dict.fromkeys(
            (*schedule_pages.WITH_FILES, *sweep_pages.WITH_FILES),
            platform.settings.runs.max_source_bytes + 2**20,
        ),
    }
    app.add_middleware(Guard, limit=limit, own_limits={} if at_gate else own_limits, at_gate=at_gate)
    return app
