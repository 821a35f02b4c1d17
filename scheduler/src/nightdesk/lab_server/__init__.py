"""JupyterLab's way to the platform: a few routes on a person's own Jupyter server, which answer with their own token.

The extension in the browser (`images/lab-extension`) asks here and never the platform itself, whose cookies are of
another path ([decision 25](docs/decisions/0025-how-lab-reaches-the-platform.md)). Nothing here may do what the
person could not do in a terminal of the same session.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nightdesk.lab_server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the routes."""
    from nightdesk.lab_server.handlers import routes

    server.web_app.add_handlers(".*$", routes(server.web_app.settings["base_url"]))
