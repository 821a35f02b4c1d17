"""A run has exactly what the session has: the same notebook writes the same list of packages in both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..support.notebooks import notebook
from ..support.people import Person, join, leave
from ..support.platform import Platform

pytestmark = pytest.mark.platform

PYTHON = """
import importlib.metadata, os, pathlib, subprocess, sys
here = pathlib.Path(os.environ.get("NIGHTDESK_OUTPUT_DIR", "."))
listed = sorted(f"{each.name}=={each.version}" for each in importlib.metadata.distributions())
pip = subprocess.run([sys.executable, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True)
debian = subprocess.run(["dpkg-query", "--show"], capture_output=True, text=True, check=True)
(here / "packages.txt").write_text("\\n".join([sys.version, *listed, pip.stdout, debian.stdout]))
"""
R = """
listed <- as.data.frame(installed.packages()[, c("Package", "Version", "LibPath")])
debian <- system2("dpkg-query", "--show", stdout = TRUE)
lines <- c(R.version.string, sort(do.call(paste, listed)), debian)
writeLines(lines, file.path(Sys.getenv("NIGHTDESK_OUTPUT_DIR", "."), "packages.txt"))
"""
KERNELS = {
    "python-data:2026.10.1": {"python3": (PYTHON, "pandas==2.")},
    "python-data:2026.12.1": {"python3": (PYTHON, "pandas==3.")},
    "modelling:2026.12.1": {"python3": (PYTHON, "modelling==1.0")},
    "r-data:2026.12.1": {"ir": (R, "dplyr "), "python3": (PYTHON, "r-cran-dplyr\t")},
}


@pytest.fixture(scope="module")
def rosa(platform: Platform) -> Iterator[Person]:
    """Works in one environment after the other."""
    rosa = join(platform, "rosa")
    yield rosa
    leave(platform, "rosa")


@pytest.mark.parametrize("label", KERNELS)
def test_a_notebook_finds_the_same_packages_in_a_session_and_in_a_run(rosa: Person, label: str) -> None:
    environment, version = label.split(":")
    notebooks = {kernel: notebook(code, kernel=kernel) for kernel, (code, _) in KERNELS[label].items()}
    runs = {
        kernel: rosa.runs.submit(source, environment=label, size="small")["id"]
        for kernel, source in notebooks.items()
    }
    session = rosa.session(environment=environment, version=version, size="small")
    try:
        image = rosa.platform.inspect(session.container)["Image"]
        for kernel, source in notebooks.items():
            session.put("packages.ipynb", source)
            session.do("sh", "-c", "rm -f packages.txt && papermill --no-progress-bar packages.ipynb -")
            there = session.do("cat", "packages.txt").encode()
            run = rosa.runs.end(runs[kernel], 120)
            assert run["status"] == "succeeded", run
            assert KERNELS[label][kernel][1] in there.decode()
            assert rosa.runs.output(run["id"], "packages.txt") == there, "a run's packages are others"
            assert run["environment"]["digest"] == image
    finally:
        rosa.end_session()
