"""What every Records does with metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nightdesk.server.adapters import metrics_sql as subject
from nightdesk.server.adapters.records_sql import RecordsSql
from nightdesk.server.domain.errors import FenceLost
from nightdesk.server.domain.metric import Metric, Point, thinned

from .on_record import running

LOSS = [Point(10 + step, "loss", 1.0 / (step + 1), step) for step in range(4)]


def test_points_and_what_they_come_to(records: RecordsSql) -> None:
    run = running(records)
    assert (records.metrics([run]), records.metrics_end(run)) == ({run.id: []}, 0)
    records.add_metrics(run, [Point(3, "rows", 12.0), *LOSS[:2]])
    records.add_metrics(run, [])
    records.add_metrics(run, LOSS[2:])
    assert records.points(run) == [Point(3, "rows", 12.0), *LOSS]
    assert records.points(run, after=11) == LOSS[2:]
    assert records.points(run, name="rows") == [Point(3, "rows", 12.0)]
    assert records.metrics_end(run) == 13
    assert records.metrics([run]) == {
        run.id: [
            Metric("rows", 12.0, None, 3, 1, 12.0, 12.0),
            Metric("loss", 0.25, 3, 13, 4, 0.25, 1.0),
        ]
    }


def test_what_is_read_again_is_not_doubled(records: RecordsSql) -> None:
    run = running(records)
    records.add_metrics(run, LOSS[:3])
    records.add_metrics(run, LOSS)
    assert records.points(run) == LOSS
    assert records.metrics([run])[run.id][0].count == 4


def test_each_attempt_has_its_own(records: RecordsSql) -> None:
    run = running(records)
    records.add_metrics(run, LOSS)
    other = replace(run, attempt=2)
    assert (records.points(other), records.metrics([other]), records.metrics_end(other)) == (
        [],
        {run.id: []},
        0,
    )


def test_who_has_lost_the_run_writes_nothing(records: RecordsSql) -> None:
    run = running(records)
    with pytest.raises(FenceLost):
        records.add_metrics(replace(run, fence=run.fence - 1), LOSS)
    assert records.points(run) == []


def test_of_very_many_the_last_value_is_kept(records: RecordsSql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MOST_POINTS", 3)
    monkeypatch.setattr(subject, "MOST_NAMES", 2)
    run = running(records)
    records.add_metrics(run, [Point(1, "one", 1.0), *LOSS, Point(20, "three", 3.0)])
    records.add_metrics(run, [Point(21, "one", 2.0)])
    assert [point.number for point in records.points(run)] == [1, 10, 11]
    assert {metric.name: (metric.value, metric.count) for metric in records.metrics([run])[run.id]} == {
        "one": (2.0, 2),
        "loss": (0.25, 4),
    }


def test_a_picture_of_many_points_has_the_first_and_the_last() -> None:
    many = [Point(number, "x", float(number)) for number in range(1000)]
    few = thinned(many, 11)
    assert (len(few), few[0], few[-1]) == (11, many[0], many[-1])
    assert thinned(many[:5], 11) == many[:5]
