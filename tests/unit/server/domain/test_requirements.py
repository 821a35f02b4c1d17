"""Lists of packages: what a requirements file names, and what conda's environment.yml means for pip."""

from __future__ import annotations

from typing import Any

import pytest
from nightdesk.server.domain.errors import Invalid
from nightdesk.server.domain.requirements import from_conda, names_in


def test_the_names_of_what_is_asked_for() -> None:
    text = """
# what we need
pandas>=3,<4
scikit-learn[extra] == 1.9.*   # the model
typing.extensions ; python_version < "3.14"
tabulate==0.10.0 \\
    --hash=sha256:00
"""
    assert names_in(text) == ["pandas", "scikit-learn", "typing.extensions", "tabulate"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no package"),
        ("# nothing\n", "names no package"),
        ("-r other.txt\n", "stands alone"),
        ("pandas\n-e .\n", "line 2, '-e .'"),
        ("--index-url https://pypi.example.org/simple\npandas\n", "which index packages come from"),
        ("--extra-index-url=https://pypi.example.org\npandas\n", "which index packages come from"),
        ("own @ git+https://git.example.org/own.git\n", "come from the index"),
        ("https://example.org/own.whl\n", "names no package"),
        ("./own\n", "names no package"),
        ("pandas;rm -rf /\n$(id)\n", "names no package"),
    ],
)
def test_what_is_no_list_of_packages_says_what_to_change(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words.replace("(", r"\(")) as refused:
        names_in(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("pandas", "pandas"),
        ("pandas=2.2", "pandas==2.2.*"),
        ("pandas = 2.2", "pandas==2.2.*"),
        ("pandas 2.2", "pandas==2.2.*"),
        ("pandas=2.2.*", "pandas==2.2.*"),
        ("pandas==2.2.1", "pandas==2.2.1"),
        ("pandas=2.2.1=py313_0", "pandas==2.2.1.*"),
        ("numpy>=1.26,<3", "numpy>=1.26,<3"),
        ("conda-forge::numpy >=2", "numpy>=2"),
        ("Numpy!=2.0", "numpy!=2.0"),
    ],
)
def test_condas_bounds_in_pips_words(conda: str, pip: str) -> None:
    assert from_conda({"dependencies": [conda]}) == f"{pip}\n"


def test_python_pip_and_the_list_for_pip() -> None:
    document: dict[str, Any] = {
        "name": "x",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.13", "pip", "tabulate", {"pip": ["colorama>=0.4"]}],
    }
    assert from_conda(document) == "tabulate\ncolorama>=0.4\n"


@pytest.mark.parametrize("bounds", ["", ">=3.10", "=3", "=3.13.*", "3.13", ">=3.11,<3.14", "~=3.9"])
def test_a_python_that_fits(bounds: str) -> None:
    assert (
        from_conda({"dependencies": [f"python{bounds if bounds[:1] in '><=~' else ' ' + bounds}", "six"]})
        == "six\n"
    )


@pytest.mark.parametrize("bounds", ["=3.12", "<3.13", "==2.7", ">3.13", "!=3.13"])
def test_a_python_that_does_not_fit(bounds: str) -> None:
    with pytest.raises(Invalid, match=r"environments here have Python 3\.13"):
        from_conda({"dependencies": [f"python{bounds}", "six"]})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "no list of 'dependencies'"),
        ({"dependencies": "pandas"}, "no list of 'dependencies'"),
        ({"dependencies": ["r-dplyr"]}, "'r-dplyr' is an R package"),
        ({"dependencies": ["openjdk"]}, "no Python package"),
        ({"dependencies": ["pandas=1|2"]}, "one of several"),
        ({"dependencies": [{"npm": ["left-pad"]}]}, "neither a package nor a list"),
        ({"dependencies": ["python=3.13"]}, "nothing but Python"),
        ({"dependencies": ["*"]}, "names no package"),
    ],
)
def test_what_has_no_counterpart_is_named(document: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        from_conda(document)
