"""Git repositories: an object that clones one with its login, which git is told without an argument or a file."""

from __future__ import annotations

import os
import subprocess

from nightdesk.connecting.problem import ConnectionProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from nightdesk.connecting.opening import Given

_LIST_SECONDS = 25.0
_CLONE_SECONDS = 600.0
# git starts this to ask for a login; what it needs comes through a pipe that only git's own children have.
_ASK = '!f() {{ test "$1" = get && cat /dev/fd/{number}; }}; f'


class Repository:
    """One repository: `url`, `branches()`, `clone(into, ref)`."""

    def __init__(self, given: Given) -> None:
        self.url = str(given.settings["url"])
        self._user = str(given.settings.get("user") or "git")
        self._password = given.secrets.get("password")

    def __repr__(self) -> str:
        return f"<repository {self.url}>"

    def branches(self) -> list[str]:
        """The names of its branches. Raises ConnectionProblem."""
        listed = self._git(["ls-remote", "--heads", self.url], _LIST_SECONDS)
        return [line.rpartition("refs/heads/")[2] for line in listed.splitlines()]

    def clone(self, into: str | os.PathLike[str], ref: str | None = None) -> Path:
        """A new folder `into` with the repository, at a branch or tag. Raises ConnectionProblem."""
        from pathlib import Path

        at = ["--branch", ref] if ref else []
        self._git(["clone", "--quiet", *at, "--", self.url, os.fspath(into)], _CLONE_SECONDS)
        return Path(into)

    def _git(self, arguments: list[str], seconds: float) -> str:
        host = "/".join(self.url.split("/", 3)[:3])
        settings: dict[str, str] = {"credential.helper": ""}
        login = ""
        handed: tuple[int, ...] = ()
        reader, writer = os.pipe()
        try:
            if self._password:
                login = f"username={self._user}\npassword={self._password}\n"
                settings[f"credential.{host}.helper"] = _ASK.format(number=reader)
                handed = (reader,)
            os.write(writer, login.encode())
            os.close(writer)
            writer = -1
            done = subprocess.run(
                ["git", *arguments],
                env=_environment(settings),
                pass_fds=handed,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise ConnectionProblem("git is not in this environment", "Choose one that has it.") from None
        except subprocess.TimeoutExpired:
            raise ConnectionProblem(f"the repository has not answered within {seconds:g} s") from None
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git says nothing"]
            raise ConnectionProblem(f"git: {said[-1][:300]}", "Is the address right, and the token not over?")
        return done.stdout.decode("utf-8", "replace")


def open_git(given: Given) -> Repository:
    """The repository; it is asked for nothing yet."""
    return Repository(given)


def _environment(settings: dict[str, str]) -> dict[str, str]:
    found = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    found["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (name, value) in enumerate(settings.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found
