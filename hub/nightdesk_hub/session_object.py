"""A session's container as the engine has it: made from an image that is here, found, and removed."""

from __future__ import annotations

from typing import Any

import docker
from docker.errors import APIError, NotFound
from dockerspawner import DockerSpawner
from nightdesk.connection_places import ConnectionMount, missing
from traitlets import Any as AnyTrait
from traitlets import Bool, Unicode

from nightdesk_hub.choice import Choice
from nightdesk_hub.desk import Desk
from nightdesk_hub.engine import explain
from nightdesk_hub.refused import StartRefused


class SessionObject(DockerSpawner):  # type: ignore[misc]
    """DockerSpawner with the platform's own engine, and no way to name an image."""

    desk: Desk = AnyTrait().tag(config=True)  # type: ignore[assignment]

    remove = Bool(True, config=True)
    use_internal_ip = Bool(True, config=True)
    pull_policy = Unicode("never", config=True)
    extra_host_config: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        self._choice: Choice | None = None
        self._places: tuple[ConnectionMount, ...] = ()
        super().__init__(**kwargs)

    @property
    def client(self) -> docker.APIClient:
        """DockerSpawner builds parts of its requests with the client itself."""
        return self.desk.engine.client

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the engine; all spawners share its threads."""
        return await self.desk.engine.call(method, *args, **kwargs)

    async def check_allowed(self, image: str) -> str:  # noqa: ARG002
        """DockerSpawner's way for users to name an image: there is none."""
        raise StartRefused("Sessions start from the environments on offer; an image cannot be named.")

    async def create_object(self) -> Any:
        """Make the container, without the places of connections that are not on the machine any more."""
        try:
            return await super().create_object()
        except APIError as error:
            gone = missing(explain(error), self._places)
            if gone is None:
                raise
            self.log.warning("%s: there is no %s on this machine: not mounted", self._log_name, gone.path)
            self._places = tuple(place for place in self._places if place != gone)
            mounts = self.extra_host_config["mounts"]
            left = [mount for mount in mounts if mount["Target"] != gone.target]
            self.extra_host_config = {**self.extra_host_config, "mounts": left}
            return await self.create_object()

    async def pull_image(self, image: str) -> None:
        """Images are made here and never pulled; one that is gone is said in words."""
        try:
            await self.docker("inspect_image", image)
        except NotFound:
            raise StartRefused(
                f"The image of {self._what()} is not on this machine any more. Choose another version, or "
                f"ask an admin to build it again ({image}).",
                reason="image_missing",
                status_code=503,
            ) from None

    async def remove_object(self) -> None:
        """Remove the container, running or not: one that the hub lost sight of blocks its name."""
        try:
            await self.docker("remove_container", self.object_id, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # its removal is under way
                raise

    async def _state(self) -> dict[str, Any] | None:
        """The container's state as the engine has it; None when there is no such container."""
        try:
            found = await self.docker("inspect_container", self.object_name)
        except NotFound:
            return None
        self.object_id = found["Id"]
        return dict(found["State"])

    def _what(self) -> str:
        return str(self._choice.version) if self._choice else "your environment"
