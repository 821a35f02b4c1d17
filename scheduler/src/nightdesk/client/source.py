"""What is handed over from here: the file, and the version of the session that it is handed over from."""

from __future__ import annotations

import os
import stat

from nightdesk.client.errors import WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO


def opened(path: str) -> IO[bytes]:
    """The file to submit. Raises WrongUsage for what is certain already: missing, unreadable, no file."""
    try:
        # Not blocking, or a named pipe would hang here until somebody writes into it.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise WrongUsage(f"there is no file {path!r}", "Check the name and the folder you are in.") from error
    except OSError as error:
        raise WrongUsage(f"{path!r} cannot be read: {(error.strerror or str(error)).lower()}") from error
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(number, "rb")
    os.close(number)
    if stat.S_ISDIR(mode):
        raise WrongUsage(
            f"{path!r} is a folder", "Submit one notebook or script, and take the folder along with --files."
        )
    raise WrongUsage(f"{path!r} is not an ordinary file", "Submit a notebook (.ipynb) or a script (.py, .R).")


def session_version() -> str | None:
    """`NAME:VERSION` of the session that this is called in; None elsewhere."""
    name, version = os.environ.get("NIGHTDESK_ENVIRONMENT"), os.environ.get("NIGHTDESK_VERSION")
    return f"{name}:{version}" if name and version else None
