"""The walk through every page leaves none out: what the application answers to is what its list has."""

from __future__ import annotations

import re

from ...support.walk.pages import BASE, PLATFORM
from ..server.web.ruled import EXPECTED

# They show no page: they lead elsewhere, or hand out a file.
NO_PAGES = {
    BASE,
    f"{BASE}/login",
    f"{BASE}/logout",
    f"{BASE}/oauth_callback",
    f"{BASE}/admin/audit/export",
}


def test_every_page_is_on_the_list() -> None:
    listed = [re.sub(r"\?.*", "", page.path) for page in PLATFORM]
    missing = [
        path
        for method, path in EXPECTED
        if method == "GET" and not path.startswith(f"{BASE}/api/") and path not in NO_PAGES
        and not any(fits(path, each) for each in listed)
    ]  # fmt: skip
    assert not missing, f"add them to tests/support/walk/pages.py: {missing}"


def fits(route: str, path: str) -> bool:
    """Whether this path is one of the route's."""
    pattern = re.sub(r"\\{\w+:(path|output)\\}", ".+", re.escape(route))
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", pattern)
    return re.fullmatch(pattern, path) is not None
