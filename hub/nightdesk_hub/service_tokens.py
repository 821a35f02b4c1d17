"""Tokens of services come from config/.env: one that was replaced there must not go on working."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("JupyterHub.service_tokens")

#: The note that JupyterHub gives tokens that it took from its configuration.
_NOTE = "from config"


def revoke_replaced(app: Any) -> None:
    """Delete services' tokens of earlier configurations; JupyterHub only ever adds."""
    for service in app._service_map.values():
        if not service.api_token:
            continue
        for token in list(service.orm.api_tokens):
            if token.note == _NOTE and not token.match(service.api_token):
                log.warning("deleting the replaced token of service %s", service.name)
                app.db.delete(token)
    app.db.commit()
