"""A file system below one folder of another; and one that refuses to change anything there.

Imported where fsspec is there.
"""

from __future__ import annotations

from typing import Any

from fsspec.implementations.dirfs import DirFileSystem


class RootedFiles(DirFileSystem):  # type: ignore[misc]
    """All paths are relative to the root."""

    cachable = False

    def __init__(self, inner: Any, root: str, name: str) -> None:
        super().__init__(path=root or "/", fs=inner)
        if not root:
            self.path = ""  # and not where the process happens to be
        self.connection = name

    def __repr__(self) -> str:
        return f"<files of connection {self.connection!r}>"

    # What fsspec would write down is a login; another process asks the platform for one of its own.

    def to_dict(self, **_how: Any) -> Any:
        raise TypeError(f"connections are not stored: call nightdesk.connect({self.connection!r}) there")

    def to_json(self, **_how: Any) -> Any:
        return self.to_dict()

    def __reduce__(self) -> Any:
        from nightdesk.notebook import connect

        return connect, (self.connection,)


def _refusing(name: str) -> Any:
    def refuse(self: Any, *_given: Any, **_named: Any) -> Any:
        raise PermissionError(f"you may only read from the connection {self.connection!r}")

    refuse.__name__ = name
    return refuse


class ReadOnlyFiles(RootedFiles):
    """The same for reading. It stops accidents; what holds is the login that only reads, where there is one."""

    def open(self, path: str, mode: str = "rb", *more: Any, **named: Any) -> Any:
        """As of any file system, in a mode that reads."""
        if set(mode) & set("wax+"):
            _refusing("open")(self)
        return super().open(path, mode, *more, **named)


for _name in (
    "pipe_file", "pipe", "put_file", "put", "upload", "rm", "rm_file", "rmdir", "delete", "mkdir", "makedir", "mkdirs",
    "makedirs", "cp_file", "copy", "cp", "mv", "move", "mv_file", "rename", "touch", "write_bytes", "write_text", "chmod",
    "_pipe_file", "_pipe", "_put_file", "_put", "_rm", "_rm_file", "_rmdir", "_mkdir", "_makedirs", "_cp_file", "_copy",
):  # fmt: skip
    setattr(ReadOnlyFiles, _name, _refusing(_name))
