"""Printing without end: the kernel waits for the runner before what is on its way fills the memory.

ipykernel collects what is printed within 0.2 seconds, at four bytes a character, and sends it to whoever
listens without waiting; IPython 9 keeps all of it besides, for its `%notebook`. Code that prints in a loop
would be killed for that memory. So a kernel started by us keeps nothing, sends what it has after a million
characters, and goes on once the runner has taken most of it. The runner says how much it has taken in a
file beside the kernel's connection file.
"""

from __future__ import annotations

import os

NAME = "heard"
PROGRAM = f"""
def bounded(write, path, most=1_000_000, ahead=8_000_000, patience=400):
    import os, time
    file = os.open(path, os.O_RDONLY)
    sent = 0

    def wait():
        nonlocal sent
        tries = 0
        heard = before = int.from_bytes(os.pread(file, 8, 0), "little")
        while sent - heard > ahead and tries < patience:
            time.sleep(0.005)
            heard = int.from_bytes(os.pread(file, 8, 0), "little")
            tries = tries + 1 if heard == before else 0
            before = heard
        # What was taken already, or never comes there, is not waited for again.
        if heard > sent or sent - heard > ahead:
            sent = heard

    def write_in_pieces(self, string):
        nonlocal sent
        held = self.__dict__.get("_nightdesk_held", 0) + len(string) if isinstance(string, str) else 0
        if held <= most:
            self._nightdesk_held = held
            return write(self, string)
        self._nightdesk_held = 0
        sent += held - len(string)
        for start in range(0, len(string), most):
            piece = string[start : start + most]
            write(self, piece)
            self.flush()
            sent += len(piece)
            try:
                wait()
            except OSError:
                pass  # the code has closed what it did not open
        return len(string)

    return write_in_pieces

try:
    import os, sys
    from ipykernel.iostream import OutStream
    OutStream.write = bounded(OutStream.write, os.path.join(os.path.dirname(sys.argv[-1]), {NAME!r}))
except Exception:
    pass  # an ipykernel of another make prints as it likes
try:
    import contextlib
    from IPython.core.interactiveshell import InteractiveShell
    if hasattr(InteractiveShell, "_tee"):
        InteractiveShell._tee = lambda self, channel: contextlib.nullcontext()
except Exception:
    pass
"""
"""What the kernel's process executes before it becomes a kernel."""


class Heard:
    """How much printed text has been taken from a kernel; `folder` is that of its connection file."""

    def __init__(self, folder: str) -> None:
        self._file = os.open(os.path.join(folder, NAME), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._total = self._told = 0

    def take(self, size: int) -> None:
        self._total += size

    def tell(self) -> None:
        """Let the kernel know."""
        if self._told != self._total:
            self._told = self._total
            os.pwrite(self._file, self._total.to_bytes(8, "little"), 0)
