"""What things are called in the engine, and how they are labelled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LABEL_PROJECT = "org.nightdesk.project"
LABEL_ROLE = "org.nightdesk.role"
LABEL_USER = "org.nightdesk.user"
LABEL_SERVER = "org.nightdesk.server"

COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
COMPOSE_ONEOFF = "com.docker.compose.oneoff"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one platform, all of them starting with its Compose project."""

    project: str

    def session(self, user: str, server: str = "") -> str:
        """The container of a person's session.

        Neither a user's nor a server's name may hold two hyphens in a row, so that no two sessions
        can come to the same name.
        """
        return f"{self.project}-session-{user}" + (f"--{server}" if server else "")

    def home(self, user: str, former: int = 0) -> str:
        """The volume with a person's home folder.

        `former` is how many people of the name were removed before: each has a volume of their own. See
        :meth:`nightdesk_hub.desk.Desk.home`, which knows.
        """
        return f"{self.project}-home-{user}" + (f"--{former + 1}" if former else "")

    @property
    def shared(self) -> str:
        """The volume with the team's folder."""
        return f"{self.project}_shared"

    @property
    def folders(self) -> str:
        """The volume with the folders of groups."""
        return f"{self.project}_folders"

    def network(self, user: str) -> str:
        """A person's own network.

        It must sort after `<project>_control`: the engine gives a container the default route and
        the published ports of the first of its networks by name. One that sorted before would move
        the proxy's port at every attachment and cut everybody's open connections.
        """
        return f"{self.project}_user-{user}"

    def bridge(self, user: str) -> str:
        """The bridge of a person's network on the machine, in the 15 characters that Linux has for it.

        The filter of what leaves it goes by how it begins (nightdesk.server.domain.egress.bridge_prefix).
        """
        project, person = (hashlib.sha256(text.encode()).hexdigest() for text in (self.project, user))
        return f"nd{project[:6]}{person[:7]}"

    def labels(self, role: str, user: str) -> dict[str, str]:
        """Labels of something that belongs to a person; `role` is session, network or home."""
        return {LABEL_PROJECT: self.project, LABEL_ROLE: role, LABEL_USER: user}

    def label_filter(self, role: str) -> list[str]:
        """The engine's label filter for everything of one role."""
        return [f"{LABEL_PROJECT}={self.project}", f"{LABEL_ROLE}={role}"]
