"""Handing something over once, over a line that may break before the answer."""

from __future__ import annotations

import time

from nightdesk.client.errors import ConnectionLost, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nightdesk.client.multipart import Form
    from nightdesk.client.transport import Transport

_TRIES = 4


def send(transport: Transport, path: str, form: Form, key: str, what: str = "run") -> Any:
    """Post a form that carries an idempotency key: repeated where the answer did not come, there is one all the same."""
    headers = {"Content-Type": form.content_type}
    pause = 0.5
    for left in range(_TRIES, 0, -1):
        try:
            return transport.json("POST", path, body=form, headers=headers)
        except ConnectionLost as error:
            if left == 1:
                raise _unknown(error, key, what) from error
        except Unreachable as error:
            if left == _TRIES:
                raise  # nothing was sent
            if left == 1:
                raise _unknown(error, key, what) from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("unreachable")


def _unknown(error: Unreachable, key: str, what: str) -> ConnectionLost:
    return ConnectionLost(
        f"{error.message}; whether the {what} was accepted is not known",
        f"Submit again with --key {key}: there will be one {what} either way.",
    )
