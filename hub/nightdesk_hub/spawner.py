"""Sessions: a container of a version that is on offer, in its owner's own network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.traitlets import Command
from nightdesk.shared_folders import SharedMount
from traitlets import Integer, Unicode, default

from nightdesk_hub import session_container as container
from nightdesk_hub.allowance import Taken, TooMuch
from nightdesk_hub.choice import OPTIONS, Choice, NotOffered, choose
from nightdesk_hub.engine import ENGINE_ERRORS, explain
from nightdesk_hub.networks import NoNetwork
from nightdesk_hub.offers import Member, NoOffers
from nightdesk_hub.readiness import NotReady, wait_until_ready
from nightdesk_hub.refused import StartRefused
from nightdesk_hub.session_object import SessionObject
from nightdesk_hub.spawn_form import ChooseFirst, form_options, query_options, render_form
from nightdesk_hub.user_names import is_user_name
from nightdesk_hub.version_notice import notice_for
from nightdesk_hub.witness import session_ended

#: A start waits for its turn and its own time limit starts with that; this is the end of both.
START_SECONDS = 3600
#: For a server that answered while it started, or is found again by a new hub. One that is too busy
#: to answer at once is not to be killed for that.
ANSWER_SECONDS = 60
FOUND_AGAIN_SECONDS = 900
#: How soon a session that ended by itself is noticed.
POLL_SECONDS = 5

_LOG_LINES = 5


class NightdeskSpawner(SessionObject):
    """Starts, finds and stops one session."""

    cmd = Command(["jupyterhub-singleuser"], config=True)
    default_url = Unicode("/lab", config=True)
    notebook_dir = Unicode(container.HOME, config=True)
    start_timeout = Integer(START_SECONDS, config=True)
    http_timeout = Integer(ANSWER_SECONDS, config=True)
    poll_interval = Integer(POLL_SECONDS, config=True)

    @default("options_form")
    def _options_form(self) -> Callable[[Any], Any]:
        return render_form

    @default("options_from_form")
    def _options_from_form(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return form_options

    @default("apply_user_options")
    def _apply_user_options(self) -> Callable[[Any, Any], None]:
        # Options are applied in start(), where refusing them is said in words.
        return lambda _spawner, _options: None

    @default("object_name")
    def _object_name_default(self) -> str:
        return self.desk.names.session(self.user.name, self.name)

    def __init__(self, **kwargs: Any) -> None:
        self._running: dict[str, Any] = {}
        self._folders: tuple[SharedMount, ...] = ()
        self._steps: list[dict[str, Any]] = []
        #: What a link to the start page asked to have marked.
        self.asked_for: dict[str, Any] = {}
        super().__init__(**kwargs)

    # --- options ----------------------------------------------------------------------------------

    def options_from_query(self, query_data: dict[str, Any]) -> dict[str, Any]:
        """A link only marks choices on the start page: it starts nothing, whoever made it."""
        self.asked_for = query_options(query_data)
        raise ChooseFirst

    @property
    def member(self) -> Member:
        """The session's owner as the hub knows them now."""
        groups = tuple(group.name for group in self.user.groups)
        return Member(self.user.name, groups, bool(self.user.admin))

    async def _chosen(self) -> Choice:
        name = self.user.name
        if not is_user_name(name):
            raise StartRefused(
                f"'{name}' cannot have sessions: names are lower-case letters and digits, with single "
                "'-', '.' or '_' between them. Ask an admin for an account with such a name."
            )
        try:
            offers = await self.desk.offers.offers_for(self.member)
            choice = choose(offers, self.user_options)
            offers.allowance.check(choice.size, self.taken_beside(), offers.sizes)
            self._places = offers.places
            return choice
        except TooMuch as error:
            raise StartRefused(str(error), reason="too_much", status_code=429) from None
        except NotOffered as error:
            raise StartRefused(str(error), reason="not_offered") from None
        except NoOffers as error:
            raise StartRefused(str(error), reason="no_offers", status_code=503) from None

    @property
    def taken(self) -> Taken | None:
        """What this session has, while it goes on or starts."""
        if not self.active:
            return None
        if self._choice is not None:
            return Taken(self._choice.size.cpus, self._choice.size.memory_bytes)
        if not self._running:
            return None  # what it will have is not known yet
        return Taken(float(self._running.get("cpus", 0)), int(self._running.get("memory", 0)))

    def taken_beside(self) -> list[Taken]:
        """What the same person's other sessions have."""
        others = (one for one in self.user.spawners.values() if one is not self)
        return [taken for one in list(others) if (taken := one.taken) is not None]

    def _take(self, choice: Choice) -> None:
        """Make everything that a container is built from say what was chosen."""
        user = self.user.name
        self._choice = choice
        self._record(choice.options)
        self.image = choice.version.digest
        self.mem_limit = choice.size.memory_bytes
        self.cpu_limit = choice.size.cpus
        shared = self.desk.settings.shared
        self._folders = shared.of_session(self.member.groups)
        self.volumes = container.volumes(
            self.desk.home(user), self.desk.names.shared, shared.team, self.desk.departures.handed_to(user)
        )
        host_config = {
            **container.host_config(choice, self.desk.settings.sessions.pids_limit),
            **container.shared_config(self.desk.names.folders, shared.team, self._folders),
        }
        self.extra_host_config = container.with_places(host_config, self._places)
        self.extra_create_kwargs = {"labels": container.labels(self.desk.names, user, self.name)}

    def _record(self, options: dict[str, str]) -> None:
        """Say which version it is where the platform looks for what is in use, and for the next start.

        The hub keeps options twice: those of the spawner, which it tells others, and those on record.
        """
        self.user_options = options
        if self.orm_spawner is not None:
            self.orm_spawner.user_options = options
            self.db.commit()

    def get_args(self) -> list[str]:
        """The server's arguments."""
        return [*super().get_args(), *container.server_arguments(self.desk.settings.sessions.idle_seconds)]

    def get_env(self) -> dict[str, str]:
        """The server's environment."""
        env: dict[str, str] = super().get_env()
        if self._choice is not None:
            env.update(container.environment(self._choice))
        return env

    # --- starting ---------------------------------------------------------------------------------

    async def start(self) -> str:
        """Start the session and return its address once it answers.

        Raises:
            StartRefused: it did not start; says why.
        """
        self._steps = []
        self._choice = None
        self.http_timeout = ANSWER_SECONDS
        self._check_not_out()
        choice = await self._chosen()
        self._take(choice)
        self.desk.endings.pop((self.user.name, self.name), None)
        async with self.desk.starts.turn(self._say_waiting):
            self._check_not_out()
            try:
                return await self._start(choice)
            except NoNetwork as error:
                raise StartRefused(
                    f"Your session has no network: {error}", reason="network", status_code=503
                ) from None
            except NotReady as error:
                raise StartRefused(
                    await self._why_not_ready(error), reason="not_ready", status_code=500
                ) from None
            except ENGINE_ERRORS as error:
                self.log.error("The engine did not start %s: %s", self._log_name, explain(error))
                raise StartRefused(
                    f"The container engine did not start your session: {explain(error)}. Try again in a "
                    "minute; if that does not help, show an admin this page.",
                    reason="engine",
                    status_code=503,
                ) from None

    async def _start(self, choice: Choice) -> str:
        user = self.user.name
        self._say(20, "Preparing your network and your home folder")
        self.network_name = await self.desk.networks.ensure(user)
        names = self.desk.names
        await self.docker("create_volume", self.desk.home(user), labels=names.labels("home", user))
        self._say(40, f"Starting {self._what()}")
        ip, port = await super().start()
        self._say(70, "Waiting for JupyterLab to answer")
        address = f"http://{ip}:{port}"
        self._check_not_out()
        seconds = self.desk.settings.sessions.start_timeout_seconds
        await wait_until_ready(f"{address}{self.server.base_url}api", self._ended, seconds)
        self._running = {
            **choice.options,
            "digest": choice.version.digest,
            "memory": choice.size.memory_bytes,
            "cpus": choice.size.cpus,
            "shared": {each.name: each.writable for each in self._folders},
        }
        self._check_not_out()
        return address

    def _check_not_out(self) -> None:
        """Somebody who was disabled starts nothing, also when that happens in the middle of a start."""
        if self.desk.departures.is_out(self.user.name):
            raise StartRefused(
                f"The account of {self.user.name} is disabled: no session starts.",
                reason="disabled",
                status_code=403,
            )

    async def _ended(self) -> str | None:
        self._check_not_out()
        state = await self._state()
        if state is None:
            return "its container is gone"
        return None if state["Running"] else container.how_it_ended(state, self.mem_limit)

    async def _why_not_ready(self, error: NotReady) -> str:
        message = f"Your session of {self._what()} did not come up: {error}."
        try:
            printed = await self.docker("logs", self.object_name, tail=_LOG_LINES)
        except ENGINE_ERRORS:
            return message
        last = printed.decode("utf-8", "replace").strip() if isinstance(printed, bytes) else ""
        self.log.error("%s %s Its last lines:\n%s", self._log_name, message, last)
        return f"{message} The last it printed: {last[-600:]}" if last else message

    # --- what is going on -------------------------------------------------------------------------

    def _say(self, progress: int, message: str) -> None:
        self._steps.append({"progress": progress, "message": message})

    def _say_waiting(self, before: int) -> None:
        others = "another session is" if before == 1 else f"{before} other sessions are"
        self._say(10, f"Waiting for your turn: {others} starting")

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page of a pending start shows."""
        shown = 0
        while True:
            for step in self._steps[shown:]:
                yield step
            shown = len(self._steps)
            await asyncio.sleep(0.2)

    # --- a session that runs ----------------------------------------------------------------------

    async def poll(self) -> str | int | None:
        """None while the session runs.

        An engine that does not answer is no sign of an end: the hub would forget a session that
        lives.
        """
        try:
            state = await self._state()
        except ENGINE_ERRORS as error:
            self.log.warning(
                "cannot ask the engine about %s, taking it as before: %s", self._log_name, explain(error)
            )
            return None
        if state is None:
            if self._running:
                self._note_end("was removed from outside")
            return 0
        if state["Running"]:
            lost = self._lost_folder()
            return None if lost is None else await self._end_for(lost)
        ended = container.how_it_ended(state, self._running.get("memory"))
        self._note_end(ended)
        return f"{state.get('ExitCode')} ({ended})"

    def _note_end(self, words: str) -> None:
        """Somebody will ask how it ended: on the next start page, or in the audit log."""
        self.desk.endings[self.user.name, self.name] = words
        if self.object_id:
            self.desk.journal.note(session_ended(self.user.name, self.name, words, self.object_id))

    def _lost_folder(self) -> str | None:
        """A folder that this session has and its owner may not have any more, or only to read."""
        had: dict[str, bool] = self._running.get("shared") or {}
        if not had:
            return None
        now = {each.name: each.writable for each in self.desk.settings.shared.of_session(self.member.groups)}
        return next(
            (name for name, wrote in had.items() if name not in now or (wrote and not now[name])), None
        )

    async def _end_for(self, folder: str) -> str | None:
        """A mount cannot be taken out of a container that runs: leaving the group ends the session."""
        words = f"was ended: you may not use {container.SHARED}/{folder} as before, since your groups were changed"
        try:
            await self.docker("stop", self.object_name)
        except ENGINE_ERRORS as error:
            self.log.warning("cannot end %s, which has %s: %s", self._log_name, folder, explain(error))
            return None
        self._note_end(words)
        self.log.info("%s %s", self._log_name, words)
        return words

    async def get_url(self) -> str:
        """The session's address for a hub that has just started.

        Hub and proxy may both be new containers, so that they are attached to the session's network
        here, before the hub looks whether the session answers.
        """
        known = str(self.server.url)
        try:
            network = await self.desk.networks.ensure(self.user.name)
            found = await self.docker("inspect_container", self.object_name)
            ip = found["NetworkSettings"]["Networks"][network]["IPAddress"]
        except (*ENGINE_ERRORS, NoNetwork, KeyError) as error:
            self.log.warning("taking the address of %s as it was: %s", self._log_name, explain(error))
            return known
        return known if urlsplit(known).hostname == ip else f"http://{ip}:{self.port}{self.server.base_url}"

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a session that an earlier hub started."""
        super().load_state(state)
        self._running = dict(state.get("session") or {})
        if self._running:
            # An earlier hub's record may have what was asked for only, and not which version that was.
            self.user_options = {key: self._running[key] for key in OPTIONS if key in self._running}
        if self.object_id:
            self.http_timeout = FOUND_AGAIN_SECONDS

    def get_state(self) -> dict[str, Any]:
        """What the next hub must know."""
        state: dict[str, Any] = super().get_state()
        if self.object_id and self._running:
            state["session"] = self._running
        return state

    def clear_state(self) -> None:
        """Forget the session that ended."""
        super().clear_state()
        self._choice = None
        self.object_id = ""
        self._running = {}

    @property
    def running_label(self) -> str:
        """What runs, for the hub's pages: `python-data 2026.11.1, small, follows stable`."""
        running = self._running
        if not running:
            return ""
        followed = f", follows {running['channel']}" if running.get("channel") else ""
        return f"{running['environment']} {running['version']}, {running['size']}{followed}"

    async def version_notice(self) -> str:
        """What has happened to the running version, for the hub's pages; empty when all is as it was."""
        if not self._running:
            return ""
        try:
            return notice_for(self._running, await self.desk.offers.offers_for(self.member))
        except NoOffers:
            return ""

    # --- a person or a named session that goes for good -------------------------------------------

    async def delete_forever(self) -> None:
        """Remove what is left of the session; with a person's own session also their network.

        The home volume stays: it is a person's work, and an admin decides about it.
        """
        self.object_id = self.object_id or self.object_name
        await self.remove_object()
        if not self.name:
            await self.desk.networks.remove(self.user.name)
            self.desk.offers.forget(self.user.name)
