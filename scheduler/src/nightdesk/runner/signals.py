"""Signals as something to wait for next to sockets and pipes."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Signals:
    """Turns SIGTERM and SIGINT into `terminated`, and those and SIGCHLD into a readable `fd`."""

    def __init__(self) -> None:
        self.terminated = False
        self.fd, wake = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._noticed)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._noticed)

    def _noticed(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.terminated = True

    def clear(self) -> None:
        """Forget what made `fd` readable."""
        try:
            while os.read(self.fd, 4096):
                pass
        except BlockingIOError:
            pass
