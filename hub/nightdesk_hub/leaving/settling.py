"""What follows from the record of departures, step by step. Each step may be done twice, and is until it worked."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from docker.errors import NotFound
from jupyterhub import orm
from jupyterhub.utils import maybe_future
from tornado.ioloop import PeriodicCallback

from nightdesk_hub.accounts.register import Register
from nightdesk_hub.engine import ENGINE_ERRORS, Engine, explain
from nightdesk_hub.leaving.departures import Departure, Departures, State
from nightdesk_hub.leaving.telling import NotTold, Tell
from nightdesk_hub.names import LABEL_USER, Names

log = logging.getLogger("JupyterHub.leaving")

#: How often what did not work is tried again.
AGAIN_SECONDS = 5.0
#: A session in the middle of starting or stopping is waited for so long before the next try.
PENDING_SECONDS = 20.0
_LOOK_SECONDS = 0.1


class Settling:
    """Does what is left to do, one person's at a time."""

    def __init__(
        self, departures: Departures, tell: Tell, register: Register, engine: Engine, names: Names
    ) -> None:
        self._departures = departures
        self._tell_api = tell
        self._register = register
        self._engine = engine
        self._names = names
        self._app: Any = None
        self._locks: dict[str, asyncio.Lock] = {}
        self._again: PeriodicCallback | None = None
        #: Users whom a handler of the hub is deleting at this moment.
        self.being_deleted: set[str] = set()

    def start(self, app: Any) -> None:
        """Take up what an earlier hub left undone, now and then again."""
        self.attach(app)
        self._again = PeriodicCallback(self.settle_all, 1000 * AGAIN_SECONDS)
        self._again.start()
        asyncio.get_running_loop().create_task(self.settle_all())

    def attach(self, app: Any) -> None:
        """The hub that this belongs to, as soon as it answers anybody."""
        self._app = app

    @property
    def started(self) -> bool:
        """Is the hub through with its start?"""
        return self._again is not None

    async def settle_all(self) -> None:
        """Everybody's leaving that is not through."""
        for departure in self._departures.all():
            if departure.name in self.being_deleted and orm.User.find(self._app.db, departure.name) is None:
                self.being_deleted.discard(departure.name)
            if not departure.is_settled and departure.name not in self.being_deleted:
                try:
                    await self.settle(departure.name)
                except Exception:
                    # The edge of one person's leaving: others' go on, and this one's is tried again.
                    log.exception("leaving of %s: unexpected; trying again", departure.name)

    async def settle(self, name: str) -> dict[str, Any]:
        """Do what is left to do; what the api said it did."""
        told: dict[str, Any]
        async with self._locks.setdefault(name, asyncio.Lock()):
            departure = self._departures.find(name)
            if departure is None:
                return {}
            if departure.state is State.BACK:
                return await self._let_in(departure)
            self.shut_out(name)
            told, _ = await asyncio.gather(self._tell_out(departure), self._end_sessions(departure))
            departure = self._departures.find(name) or departure
            if departure.state is State.REMOVING and departure.told and departure.ended:
                await self._remove(departure)
            return told

    def _home(self, name: str) -> str:
        return self._names.home(name, self._departures.former(name))

    def shut_out(self, name: str) -> None:
        """Void cookies, tokens, and what a sign-in half-way could still be exchanged for. At once."""
        user = orm.User.find(self._app.db, name)
        if user is None:
            return
        for thing in (*user.api_tokens, *user.oauth_codes):
            self._app.db.delete(thing)
        user.cookie_id = orm.new_token()
        self._app.db.commit()
        self._app.users[user]._auth_refreshed = None  # the next request asks again

    async def _let_in(self, departure: Departure) -> dict[str, Any]:
        told = await self._tell(departure.name, _news("back", departure))
        if told is not None:
            self._departures.finish(departure.name)
        return told or {}

    async def _tell_out(self, departure: Departure) -> dict[str, Any]:
        if departure.told:
            return {}
        if departure.heir is not None and not await self._hand_home(departure, departure.heir):
            return {}
        news = _news("out", departure)
        if departure.heir is not None:
            heir = orm.User.find(self._app.db, departure.heir)
            groups = [group.name for group in heir.groups] if heir else []
            news |= {"heir": departure.heir, "heir_groups": groups}
        told = await self._tell(departure.name, news)
        now = self._departures.find(departure.name)
        if (
            told is not None and now is not None and now.heir == departure.heir
        ):  # else there is something new to tell
            self._departures.note(departure.name, told=True)
        return told or {}

    async def _hand_home(self, departure: Departure, heir: str) -> bool:
        """Let the heir's sessions show the home, where there is one; whether the engine could be asked."""
        volume = self._home(departure.name)
        try:
            await self._engine.call("inspect_volume", volume)
        except NotFound:
            return True
        except ENGINE_ERRORS as error:
            log.warning("cannot look for the home of %s: %s", departure.name, explain(error))
            return False
        self._departures.hand_home(volume, departure.name, heir)
        return True

    async def _tell(self, name: str, news: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await self._tell_api(name, news)
        except NotTold as error:
            log.warning("the api does not know yet that %s is %s: %s", name, news["state"], error)
            return None

    async def _end_sessions(self, departure: Departure) -> None:
        """Stop every session. One that is just starting ends itself, because its start asks the record."""
        if departure.ended:
            return
        user = orm.User.find(self._app.db, departure.name)
        over = user is None or await self._stop_all(self._app.users[user])
        if over and await self._no_containers(departure.name):
            self._departures.note(departure.name, ended=True)

    async def _stop_all(self, user: Any) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PENDING_SECONDS
        while loop.time() < deadline:
            ready = [(server, each) for server, each in user.spawners.items() if each.ready]
            await asyncio.gather(*(self._stop(user, server) for server, _ in ready))
            if not any(each.active for each in user.spawners.values()):
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _stop(self, user: Any, server: str) -> None:
        try:
            await self._app.proxy.delete_user(user, server)
            await user.stop(server)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again until no container is left
            log.warning("a session of %s could not be stopped yet: %s", user.name, explain(error))

    async def _no_containers(self, name: str) -> bool:
        """Remove what the hub had lost sight of; whether the engine could be asked."""
        filters = {"label": [*self._names.label_filter("session"), f"{LABEL_USER}={name}"]}
        try:
            for found in await self._engine.call("containers", filters=filters):
                await self._engine.call("remove_container", found["Id"], force=True)
        except ENGINE_ERRORS as error:
            log.warning("cannot look for sessions of %s: %s", name, explain(error))
            return False
        return True

    async def _remove(self, departure: Departure) -> None:
        """The user, the account, what runs are kept under, perhaps the home; then the name is free."""
        name = departure.name
        found = orm.User.find(self._app.db, name)
        if found is not None:
            user = self._app.users[found]
            await maybe_future(self._app.authenticator.delete_user(user))
            await user.delete_spawners()
            self._app.users.delete(user)
        self._register.remove(name)
        number = self._departures.former(name) + 1
        if await self._tell(name, _news("removed", departure) | {"number": number}) is None:
            return
        if departure.purge_home and not await self._purge_home(name):
            return
        self._departures.forget_homes_of(name)
        self._departures.finish(name)
        log.info("%s is removed", name)

    async def _purge_home(self, name: str) -> bool:
        volume = self._home(name)
        try:
            await self._engine.call("remove_volume", volume)
        except NotFound:
            pass
        except ENGINE_ERRORS as error:
            log.warning("the home of %s cannot be removed yet: %s", name, explain(error))
            return False
        self._departures.forget_volume(volume)
        return True


def _news(state: str, departure: Departure) -> dict[str, Any]:
    return {"state": state, "by": departure.by, "address": departure.address, "at": departure.at}
