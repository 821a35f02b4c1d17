"""A platform on which somebody has written hostile words into every field that takes text."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from ..notebooks import document
from .words import ADDRESS, DRAWING, HANDLER, MARKDOWN, PAGE, SHORT, TAGS, WORDS

FILE = f"{SHORT.replace('/', '')}.ipynb"
LEAVING = f"""
import json, os, pathlib
words, page, drawing, markdown, tags, handler = {WORDS!r}, {PAGE!r}, {DRAWING!r}, {MARKDOWN!r}, {TAGS!r}, {HANDLER!r}
out = pathlib.Path(os.environ["NIGHTDESK_OUTPUT_DIR"])
(out / "page.html").write_text(page)
(out / "notes.md").write_text(markdown)
(out / "drawing.svg").write_text(drawing)
(out / "facts.json").write_text(json.dumps({{words: {{"value": words, "list": [tags, handler]}}}}))
(out / "table.csv").write_text(f'"{{tags}}",plain\\n"{{tags}}",1\\n"=cmd()",2\\n')
(out / (words.replace("/", "_") + ".txt")).write_text(words)
print(words)
print("\\x1b[31m" + tags + "\\x1b]8;;javascript:alert(20)\\x07link\\x1b]8;;\\x07")
"""
SHOWING = """
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
import nightdesk
for step in range(3):
    nightdesk.log_metric(tags[:60], step, step=step)
nightdesk.log_metric(handler, 1.0)
display(HTML(page), SVG(drawing), Markdown(markdown), Javascript("alert(21)"), Latex("$\\\\href{javascript:alert(22)}{x}$"))
display({"text/plain": tags, "text/html": tags, "application/json": {tags: tags}}, raw=True)
"""
FAILING = f"""
words = {WORDS!r}
error = type(words[:80], (Exception,), {{}})
raise error(words + "\\n" + words)  # {TAGS}
"""


PARAMETER = {
    "cell_type": "code",
    "execution_count": None,
    "outputs": [],
    "metadata": {"tags": ["parameters"]},
    "source": f"wish = 'x'  # {TAGS}",
}


class Ask(Protocol):
    """A person's way to the API: the answer as JSON; raises where it is refused."""

    def __call__(self, method: str, path: str, **how: Any) -> Any: ...


def submit(ask: Ask, *cells: str | dict[str, Any], **wanted: Any) -> str:
    """The id of a run of these cells."""
    source = json.dumps(document(*cells)).encode()
    request = json.dumps({"file": FILE, **wanted})
    made = ask("POST", "/runs", files={"request": (None, request), "source": ("x", source)})
    return str(made["id"])


def runs(ask: Ask, end: Callable[[str], Any]) -> dict[str, str]:
    """A run that left everything, one that failed and one that never begins."""
    note = {"cell_type": "markdown", "metadata": {}, "source": MARKDOWN}
    git = {"commit": "a" * 40, "branch": SHORT, "dirty": True, "remote": ADDRESS}
    run = submit(
        ask, note, PARAMETER, LEAVING, SHOWING, name=WORDS, size="small", parameters={"wish": WORDS}, git=git
    )
    failed = submit(ask, PARAMETER, FAILING, name=SHORT, size="small", parameters={"wish": WORDS})
    for each in (run, failed):
        end(each)
    return {"run": run, "failed": failed}


def several(member: Ask) -> dict[str, str]:
    """A sweep and a pipeline, whose parameters are hostile; a pipeline of one script that is not there to be good."""
    source = json.dumps(document(PARAMETER, "print(wish)")).encode()
    sweep = {
        "file": FILE,
        "name": WORDS,
        "size": "small",
        "grid": {"wish": [WORDS, SHORT]},
        "metric": HANDLER,
    }
    swept = member("POST", "/sweeps", files={"request": (None, json.dumps(sweep)), "source": ("x", source)})
    step = {"run": "step.py", "size": "small"}
    pipeline = {"name": WORDS, "files": False, "parameters": {"wish": WORDS}, "steps": {"one": step}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        content = f"print({WORDS!r})\n".encode()
        entry = tarfile.TarInfo("step.py")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    parts = {
        "request": (None, "{}"),
        "source": ("x", json.dumps(pipeline)),
        "files": ("x", packed.getvalue()),
    }
    return {"sweep": swept["id"], "pipeline": member("POST", "/pipelines", files=parts)["id"]}


def fill(member: Ask, admin: Ask, end: Callable[[str], Any], who: str, group: str) -> dict[str, str]:
    """Make one of everything; what stands for `{run}` and the like in the paths of pages. The group is there."""
    made = runs(member, end) | {"member": who, "name": WORDS}
    schedule = {"run": made["run"], "name": WORDS[:100], "cron": "0 6 1 1 *", "parameters": {"wish": WORDS}}
    made["schedule"] = member("POST", "/schedules", files={"request": (None, json.dumps(schedule))})["id"]
    made |= several(member)
    report = {"name": "hostile", "title": WORDS, "description": MARKDOWN, "run": made["run"]}
    made["report"] = member("POST", "/reports", json=report | {"output": "notes.md"})["name"]
    made["group"] = group
    admin("POST", f"/groups/{quote(group, safe='')}/members", json={"people": [who]})
    settings = {"host": SHORT, "database": SHORT, "user": SHORT}
    connection = {"name": "hostile", "kind": "postgresql", "title": WORDS, "description": MARKDOWN}
    admin("POST", "/connections", json=connection | {"settings": settings, "secrets": {"password": WORDS}})
    admin("POST", "/connections/hostile/grants", json={"kind": "person", "name": who, "write": True})
    made["connection"] = "hostile"
    admin("POST", "/announcements", json={"text": WORDS, "level": "warning"})
    build = json.dumps(
        {"kind": "image", "environment": "hostile", "title": SHORT, "source": "nowhere.example.org/x:1"}
    )
    made["build"] = admin("POST", "/builds", files={"request": (None, build)})["id"]
    admin("POST", f"/builds/{made['build']}/cancel")
    made["waiting"] = submit(member, "1", name=HANDLER, size="small", priority="low")
    (environment, *_) = admin("GET", "/environments")["environments"]
    made["environment"] = environment["name"]
    made["version"] = environment["versions"][0]["version"]
    return made


def clear(admin: Ask, made: dict[str, str]) -> None:
    """Take back what others would meet on their pages."""
    for method, path in (
        ("DELETE", "/announcements"),
        ("DELETE", "/connections/hostile"),
        ("DELETE", f"/schedules/{made['schedule']}"),
        ("DELETE", "/reports/hostile"),
        ("POST", f"/runs/{made['waiting']}/cancel"),
        ("POST", f"/pipelines/{made['pipeline']}/cancel"),
        ("POST", f"/sweeps/{made['sweep']}/stop"),
    ):
        admin(method, path)
