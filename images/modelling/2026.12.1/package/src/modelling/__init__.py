"""How our team makes models: pull the data, split it by time, tune, combine, check."""

from modelling.checks import Problem, check_split, check_table, drift
from modelling.ensembling import Blend, blend
from modelling.pulling import pull
from modelling.splitting import Split, folds, split
from modelling.tuning import Tuned, tune

__all__ = [
    "Blend",
    "Problem",
    "Split",
    "Tuned",
    "blend",
    "check_split",
    "check_table",
    "drift",
    "folds",
    "pull",
    "split",
    "tune",
]
