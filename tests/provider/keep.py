"""Puts into Canaille's database what stands on standard input; run with Canaille's own Python.

{"client": {…} or absent, "people": {name: {"called", "password"}}, "groups": {name: [members]}}:
what is there is changed, what is not is made.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

wanted = json.load(sys.stdin)
app = create_app()


def kept(model: Any, found: Any, **values: Any) -> Any:
    """Change it or make it."""
    if found is None:
        found = model(**values)
    else:
        Backend.instance.update(found, **values)
    Backend.instance.save(found)
    return found


with app.app_context(), Backend.instance.session():
    query = Backend.instance.query
    if client := wanted.get("client"):
        made = kept(
            models.Client, next(iter(query(models.Client, client_id=client["client_id"])), None), **client
        )
        made.audience = [made]
        Backend.instance.save(made)
    for name, person in wanted["people"].items():
        values = {
            "user_name": name,
            "family_name": name.title(),
            "formatted_name": name.title(),
            "display_name": person["called"],
            "emails": [f"{name}@example.org"],
        }
        if person.get("password"):
            values["password"] = person["password"]
        kept(models.User, next(iter(query(models.User, user_name=name)), None), **values)
    for name, members in wanted["groups"].items():
        people = [next(iter(query(models.User, user_name=member))) for member in members]
        kept(
            models.Group,
            next(iter(query(models.Group, display_name=name)), None),
            display_name=name,
            members=people,
        )
