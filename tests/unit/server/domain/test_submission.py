"""Names that are handed over with a run."""

from __future__ import annotations

import pytest
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.submission import check_file_name, check_label, kind_of, label_from


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("analysis.ipynb", "notebook"), ("job.py", "script"), ("job.R", "script"), ("job.r", "script"),
        ("a b.ipynb", "notebook"), ("…😀é.ipynb", "notebook"), (".ipynb", "notebook"), ("a.ipynb.py", "script"),
        ("a\nb.py", "script"), ("{x}.ipynb", "notebook"), ("-rf.py", "script"), ("x" * 249 + ".ipynb", "notebook"),
    ],
)  # fmt: skip
def test_kinds(file: str, kind: str) -> None:
    assert kind_of(file) == kind


@pytest.mark.parametrize("file", ["a.txt", "a", "a.ipynb ", "a.IPYNB", "a.pyc", "a.ipynb/", "ipynb"])
def test_what_nobody_here_runs(file: str) -> None:
    with pytest.raises(Invalid):
        kind_of(file)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/etc/passwd", "a/b.py", "../b.py", "a\\b.py", "a\x00.py", "x" * 253 + ".py", "é" * 127 + ".py",
     "\ud800.py"],
)  # fmt: skip
def test_what_is_no_plain_file_name(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_file_name(name)
    caught.value.message.encode("utf-8")


@pytest.mark.parametrize("value", ["a", " a ", "x" * 200, "Übersicht 😀", "e\u0301", "שלום"])
def test_labels(value: str) -> None:
    assert check_label("the name", value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "x" * 201,
        "a\nb",
        "a\x00b",
        "a\tb",
        "a\x7fb",
        "\u202eevil",
        "a\u2066b",
        "a\u2028b",
        "a\x85b",
        "\ud800",
    ],
)
def test_what_is_no_label(value: str) -> None:
    with pytest.raises(Invalid, match=r"^the name must be one line of 1 to 200 characters$"):
        check_label("the name", value)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("analysis.ipynb", "analysis.ipynb"),
        ("a\nb.ipynb", "a b.ipynb"),
        ("\u202egnp.py", " gnp.py".strip()),
        ("x" * 249 + ".ipynb", "x" * 199 + "…"),
        ("\n.py", ".py"),
    ],
)
def test_every_file_gives_a_name_for_lists(file: str, name: str) -> None:
    check_file_name(file)
    assert label_from(file) == name
    assert check_label("the name", label_from(file)) == name
