"""The connections of the platform's double: what the interface answers about them, secrets kept apart."""

from __future__ import annotations

from typing import Any

Answer = tuple[int, Any]


class Connections:
    """What there is. Tests change it and look at it while it serves."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.trial: dict[str, Any] = {"ok": True, "steps": [], "words": "", "hint": None}
        self.uses: list[dict[str, str]] = []

    def add(self, name: str = "warehouse", kind: str = "postgresql", **fields: Any) -> dict[str, Any]:
        """One that is there."""
        self.there[name] = {
            "name": name,
            "kind": kind,
            "title": "",
            "description": "",
            "read_only": False,
            "write": True,
            "example": f'pd.read_sql("select 1", nightdesk.connect("{name}"))',
            "settings": {"host": "db.example.org", "port": 5432, "database": "sales", "user": "nightdesk"},
            "grants": [],
            "last_used_at": None,
            **fields,
        }
        return self.there[name]


def connections(
    kept: Connections, method: str, path: list[str], query: dict[str, str], user: dict[str, Any], given: Any
) -> Answer:
    """The answer to a request below /connections."""
    if (method, path) == ("GET", []):
        return _listed(kept, query, user)
    if method == "GET" and len(path) == 1 and path[0] in kept.there and not user["admin"]:
        hidden = {"grants", "last_used_at"}
        there = kept.there[path[0]]
        return 200, {**{key: there[key] for key in there if key not in hidden}, "settings": None}
    if not user["admin"]:
        return 403, {"error": {"code": "not_allowed", "message": "only admins may do this", "hint": None}}
    if (method, path) == ("POST", []):
        secrets = given.pop("secrets")
        made = kept.add(given.pop("name"), given.pop("kind"), **given)
        kept.secrets[made["name"]] = secrets
        return 201, made
    if (method, path) == ("POST", ["reseal"]):
        return 200, {"resealed": len(kept.secrets)}
    name, *what = path
    if name not in kept.there:
        return 404, {"error": {"code": "not_found", "message": f"there is no connection {name!r}"}}
    return _of_one(kept, method, name, what, given)


def _of_one(kept: Connections, method: str, name: str, what: list[str], given: Any) -> Answer:
    there = kept.there[name]
    match (method, *what):
        case ("GET",):
            return 200, there
        case ("PATCH",):
            merged = {**there["settings"], **given.pop("settings", {})}
            there.update(given, settings={key: value for key, value in merged.items() if value is not None})
            return 200, there
        case ("DELETE",):
            del kept.there[name]
            return 200, {"removed": name}
        case ("POST", "grants"):
            there["grants"].append(given)
            return 200, there
        case ("DELETE", "grants"):
            there["grants"] = [
                each for each in there["grants"] if {**each, "write": 0} != {**given, "write": 0}
            ]
            return 200, there
        case ("POST", "rotate"):
            kept.secrets.setdefault(name, {}).update(given["secrets"])
            return 200, there
        case ("POST", "test"):
            return 200, kept.trial
        case ("GET", "uses"):
            return 200, {"uses": kept.uses}
    return 404, {"error": {"code": "not_found", "message": "there is no such page"}}


def _listed(kept: Connections, query: dict[str, str], user: dict[str, Any]) -> Answer:
    everything = query.get("all") == "true"
    if everything and not user["admin"]:
        return 403, {"error": {"code": "not_allowed", "message": "only admins may do this", "hint": None}}
    hidden = () if everything else ("grants", "last_used_at")
    listed = [
        {key: value for key, value in each.items() if key not in hidden}
        | ({} if everything else {"settings": None})
        for each in kept.there.values()
    ]
    return 200, {"connections": listed}
