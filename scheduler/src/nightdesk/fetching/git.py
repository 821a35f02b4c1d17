"""One file of a repository with its folder, out of one commit."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from nightdesk.fetching.packing import Packer
from nightdesk.fetching.refusing import Refused, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SECONDS = 80
_LARGEST_PACK = 2**30  # bytes of one file that git writes
_MOST_LISTED = 64 * 2**20
_PIECE = 2**20
# What a repository or its server says must not make git run programs, ask anybody, or read other places.
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "30",
    "http.userAgent": "nightdesk",
}


class Entry(NamedTuple):
    """A file of a commit, or what else stands in its place: git's mode, the object's name, bytes, and where it is."""

    mode: str
    name: str
    size: int
    path: str

    @property
    def plain(self) -> bool:
        """It is a file, and no link or submodule."""
        return self.mode in ("100644", "100755")


class Repository:
    """A repository of its own in an empty folder, with one commit of another one in it. The login goes to `secrets`."""

    def __init__(self, folder: Path, secrets: Path, wanted: dict[str, Any], ca: str | None) -> None:
        self._folder = folder
        self._secrets = secrets
        self._wanted = wanted
        self._environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(folder / "settings"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_DIR": str(folder / "repository"),
        }
        settings = {**_SETTINGS, **({"http.sslCAInfo": ca} if ca else {})}
        self._git("init", "--quiet", "--bare", self._environment["GIT_DIR"])
        for name, value in settings.items():
            self._git("config", "--global", name, value)
        if wanted.get("login"):
            self._let_in(wanted["login"])

    def fetch(self) -> str:
        """The commit that is wanted, which is there then."""
        address, ref = (
            self._wanted["address"],
            self._wanted.get("commit") or self._wanted.get("ref") or "HEAD",
        )
        done = self._run("fetch", "--quiet", "--depth=1", "--no-tags", "--", address, ref)
        if done.returncode != 0:
            raise _explained(done.stderr.decode("utf-8", "replace"), self._wanted, ref)
        commit = self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}").decode("ascii").strip()
        if _COMMIT.fullmatch(ref) and commit != ref:
            raise Refused("not_found", f"the repository has no commit {ref}")
        return commit

    def entries(self, commit: str) -> Iterator[Entry]:
        """All files of the commit, and what else is in it."""
        listed = self._git("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        if len(listed) > _MOST_LISTED:
            raise Refused("too_large", "the repository holds too many files")
        for line in listed.split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _kind, name, size = about.decode("ascii").split()
                count = int(size) if size.isdigit() else 0
                yield Entry(mode, name, count, path.decode("utf-8", "surrogateescape"))

    def content(self, entry: Entry) -> bytes:
        """What is in a file."""
        return self._git("cat-file", "blob", entry.name)

    def pack(self, entries: list[tuple[str, Entry]], packer: Packer) -> None:
        """Put files into an archive under these names, read one after the other from one process."""
        command = ["git", "cat-file", "--batch"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, cwd=self._folder
        ) as process:
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            for name, entry in entries:
                process.stdin.write(f"{entry.name}\n".encode("ascii"))
                process.stdin.flush()
                process.stdout.readline()
                packer.put(name, process.stdout, entry.size, entry.mode == "100755")
                process.stdout.read(1)
            process.stdin.close()

    def _let_in(self, login: dict[str, str]) -> None:
        """The login lies in a file that git's own question reads, and is given to this server alone."""
        path = self._secrets / "login"
        lines = "".join(f"{name}={login[name]}\n" for name in ("username", "password"))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, lines.encode())
        finally:
            os.close(file)
        scheme, _, rest = self._wanted["address"].partition("://")
        host = f"{scheme}://{rest.partition('/')[0]}"
        helper = f'!f() {{ test "$1" = get && cat "{path}"; }}; f'
        self._git("config", "--global", f"credential.{host}.helper", helper)

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode != 0:
            raise Refused(
                "unavailable", f"git {arguments[0]}: {_last(done.stderr.decode('utf-8', 'replace'))}"
            )
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *arguments],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                preexec_fn=_bounded,
            )
        except subprocess.TimeoutExpired:
            raise Refused("unavailable", f"the repository has not come within {_SECONDS} s") from None
        except OSError as error:
            raise Refused("unavailable", f"git cannot be started: {error.strerror}") from None


def fetch(wanted: dict[str, Any], folders: tuple[Path, Path], into: Path, ca: str | None) -> dict[str, Any]:
    """The file as `source` and what comes along as `files.tar.gz` in `into`; what is to be said of it."""
    repository = Repository(*folders, wanted, ca)
    commit = repository.fetch()
    path, along = wanted["path"], wanted["along"]
    inside = f"{along}/" if along else ""
    packer = Packer(into / "files.tar.gz", wanted["most_files"], path.rpartition("/")[2])
    source: Entry | None = None
    taken: list[tuple[str, Entry]] = []
    for entry in repository.entries(commit):
        if entry.path == path:
            source = entry
        elif entry.path.startswith(inside):
            name = entry.path[len(inside) :]
            if not entry.plain:
                packer.leave_out(entry.path, _WHAT.get(entry.mode, "no plain file"))
            elif packer.takes(name, entry.size):
                taken.append((name, entry))
    if source is None or not source.plain:
        words = f"there is no file '{path}'" if source is None else f"'{path}' is no plain file"
        raise Refused("not_found", f"{words} in commit {commit[:12]} of the repository")
    check_size(source.size, wanted["most_source"])
    (into / "source").write_bytes(repository.content(source))
    repository.pack(taken, packer)
    return {"ok": True, "commit": commit, "files": packer.close(), "left_out": packer.left_out}


def check_size(size: int, most: int) -> None:
    """Raise Refused for a notebook or script that is larger than one may be."""
    if size > most:
        raise Refused(
            "too_large", f"the file is larger than {human(most)}", "Clear its outputs: `nightdesk strip`."
        )


_WHAT = {"120000": "a link", "160000": "a repository of its own (submodule)"}


def _bounded() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_PACK, _LARGEST_PACK))


def _explained(said: str, wanted: dict[str, Any], ref: str) -> Refused:
    """What git says of a fetch, in words that help."""
    low = said.lower()
    if "couldn't find remote ref" in low or "not our ref" in low or "unadvertised object" in low:
        what = "commit" if _COMMIT.fullmatch(ref) else "branch or tag"
        hint = "Name a branch, a tag, or the whole commit." if what != "commit" else "Was it pushed?"
        return Refused("not_found", f"the repository has no {what} '{ref}'", hint)
    if re.search("authentication failed|could not read username|terminal prompts disabled|error: 403", low):
        if wanted.get("login"):
            return Refused(
                "invalid",
                "the repository does not let in whom the connection names",
                "An admin looks at its user and token: `nightdesk connection test NAME`.",
            )
        return Refused(
            "not_found",
            "there is no such repository, or it is private",
            "An admin makes a connection of kind git for a private one; name that in the address's place.",
        )
    if "not found" in low and "repository" in low:
        return Refused("not_found", "there is no such repository at this address")
    if "file size limit" in low or "file too large" in low or "signal 25" in low:
        return Refused("too_large", f"the commit is larger than {human(_LARGEST_PACK)}")
    return Refused("unavailable", f"the repository could not be fetched: {_last(said)}")


def _last(said: str) -> str:
    """The line of git's that says most, fit for a page."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or ["it says nothing"]
    return "".join(letter if letter.isprintable() else " " for letter in fatal[0])[:300]
