"""R on the platform: notebooks with parameters and scripts, as Python has them."""

from __future__ import annotations

import json

import pytest

from ..support.notebooks import code, notebook, printed
from ..support.people import Person
from ..support.runs import Refused

pytestmark = pytest.mark.platform

PARAMETERS = """
year <- 2025              # of the report
region <- "north"
shares <- c(0.5, 0.5)
labels <- list(title = "none")
draft <- TRUE
"""
REPORT = """
stopifnot(is.numeric(year), is.logical(draft), is.numeric(shares))
cat(year + 1, region, nchar(region), sum(shares), labels$title, draft, "\\n")
"""
FIGURE = """
library(ggplot2)
figure <- ggplot(data.frame(x = 1:3, y = 3:1), aes(x, y)) + geom_line()
ggsave(file.path(Sys.getenv("NIGHTDESK_OUTPUT_DIR"), "figure.png"), figure, width = 3, height = 2, dpi = 72)
figure
"""
SCRIPT = b"""
arguments <- commandArgs(trailingOnly = TRUE)
cat("arguments", arguments, "\\n")
writeLines("done", file.path(Sys.getenv("NIGHTDESK_OUTPUT_DIR"), "result.txt"))
if ("--fail=true" %in% arguments) stop("no such region")
"""
R = {"environment": "r-data", "size": "small"}


def test_a_notebook_gets_its_parameters_in_their_types(ada: Person) -> None:
    source = notebook(code(PARAMETERS, "parameters"), REPORT, FIGURE, kernel="ir")
    given = {"year": "2026", "region": 'Öst "1" \\ 😀', "shares": "[1, 2.5]", "draft": "false"}
    given["labels"] = '{"title": "äö"}'
    run = ada.runs.submit(source, parameters=given, parameters_are_text=True, **R)
    ended = ada.runs.end(run["id"], 120)
    assert ended["status"] == "succeeded", ended
    executed = ada.runs.output(run["id"], "notebook.ipynb")
    assert printed(executed).strip() == '2027 Öst "1" \\ 😀 11 3.5 äö FALSE'
    assert "image/png" in json.loads(executed)["cells"][-1]["outputs"][-1]["data"]
    assert ada.runs.output(run["id"], "figure.png").startswith(b"\x89PNG")
    with pytest.raises(Refused, match="the notebook has no parameter 'yaer' It has: year, region"):
        ada.runs.submit(source, parameters={"yaer": 2026}, **R)


def test_a_failing_cell_is_told_in_rs_words(ada: Person) -> None:
    source = notebook('cat("first\\n")', 'stop("no such region")', 'cat("never\\n")', kernel="ir")
    ended = ada.runs.end(ada.runs.submit(source, **R)["id"], 120)
    assert ended["status"] == "failed"
    assert "no such region" in ended["error"]["message"]
    assert ended["error"]["cell"] == 2
    assert "never" not in printed(ada.runs.output(ended["id"], "notebook.ipynb"))


def test_scripts(ada: Person) -> None:
    good = ada.runs.submit(SCRIPT, "job.R", parameters={"year": 2026, "region": "north"}, **R)["id"]
    bad = ada.runs.submit(SCRIPT, "job.R", parameters={"fail": True}, **R)["id"]
    assert ada.runs.end(good, 120)["status"] == "succeeded"
    assert "arguments --year=2026 --region=north" in ada.runs.log(good)
    assert ada.runs.output(good, "result.txt") == b"done\n"
    failed = ada.runs.end(bad, 120)
    assert failed["status"] == "failed"
    assert failed["error"]["message"] == "no such region"


def test_a_long_cell_is_interrupted(ada: Person) -> None:
    source = notebook('cat("begin\\n"); flush.console()', "repeat {}", kernel="ir")
    ended = ada.runs.end(ada.runs.submit(source, timeout_seconds=10, **R)["id"], 120)
    assert ended["status"] == "timed_out", ended
    assert "begin" in printed(ada.runs.output(ended["id"], "notebook.ipynb"))
