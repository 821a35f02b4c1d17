"""Train a new model on the newest requests, and put it into use only if it is better than the one that is.

Runs through the day on a schedule. Every model is kept, with what it was judged by; which one is live is a column.
"""

from __future__ import annotations

import argparse
import io
import json
from datetime import UTC, datetime, timedelta

import joblib
import matplotlib.pyplot as plt
import nightdesk
import pandas as pd
from sqlalchemy import Connection, text
from triage import costs, fit, gain, is_better
from world import moment

JUDGED_HOURS = 12  # the newest requests that are filed: no model has seen them
LEARNED_DAYS = 21


def live_model(connection: Connection) -> tuple[int, object] | None:
    """The model in use, and its number."""
    found = connection.execute(
        text("select model_id, content from requests_311.models where live")
    ).one_or_none()
    # Whoever may write to this table may run code here: what is unpickled is as trusted as the database is.
    return None if found is None else (found.model_id, joblib.load(io.BytesIO(found.content)))


def picture(connection: Connection) -> None:
    """Every model that was tried, and which went live."""
    tried = pd.read_sql(text("select * from requests_311.models order by model_id"), connection)
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    number = range(len(tried))
    axes.plot(number, tried["live_accuracy"], "s-", color="#8a8f98", label="the one that was live")
    axes.plot(number, tried["accuracy"], "o-", color="#1f4e79", label="the new one")
    went = tried["gain"].isna() | (tried["gain"] > 1.645 * tried["error"])
    axes.plot(
        [n for n in number if went[n]],
        tried.loc[went, "accuracy"],
        "o",
        ms=13,
        mfc="none",
        mec="#b3541e",
        label="went live",
    )
    axes.set_xticks(list(number), [f"{each:%d %b\n%H:%M}" for each in tried["trained_at"]], fontsize=8)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_title(f"Filed as the staff did, newest {JUDGED_HOURS} hours", loc="left")
    axes.legend(frameon=False, ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.35)
    figure.savefig(nightdesk.output_dir / "models.png", dpi=110)


def main(at: datetime) -> None:
    """All of it, as of one moment."""
    engine = nightdesk.connect("production")
    judged_from, learned_from = at - timedelta(hours=JUDGED_HOURS), at - timedelta(days=LEARNED_DAYS)
    query = text(
        "select * from requests_311.requests where opened_at >= :since and opened_at < :at order by opened_at"
    )
    with engine.connect() as connection:
        rows = pd.read_sql(query, connection, params={"since": learned_from, "at": at})
        before = live_model(connection)
    filed = rows[rows["category"].notna()]
    learn, judge = filed[filed["opened_at"] < judged_from], filed[filed["opened_at"] >= judged_from]
    if len(learn) < 500 or len(judge) < 50:
        raise SystemExit(
            f"{len(learn)} requests to learn from and {len(judge)} to judge by are too few; the model stays"
        )
    new = fit(list(learn["text"]), list(learn["category"]))
    texts, categories = list(judge["text"]), list(judge["category"])
    accuracy = float((new.predict(texts) == judge["category"]).mean())
    found = {"accuracy": accuracy, "live_accuracy": None, "gain": None, "error": None, "goes_live": True}
    if before is not None:
        old = before[1]
        found["live_accuracy"] = float((old.predict(texts) == judge["category"]).mean())
        found["gain"], found["error"] = gain(costs(new, texts, categories), costs(old, texts, categories))
        found["goes_live"] = is_better(found["gain"], found["error"])
    content = io.BytesIO()
    joblib.dump(new, content, compress=3)
    with engine.begin() as connection:
        connection.execute(text("lock table requests_311.models in exclusive mode"))
        if found["goes_live"]:
            connection.execute(text("update requests_311.models set live = false where live"))
        row = {
            **found, "at": at, "run": nightdesk.run.id if nightdesk.run else None,
            "learned": len(learn), "judged": len(judge), "content": content.getvalue(),
        }  # fmt: skip
        made = connection.execute(
            text(
                "insert into requests_311.models (trained_at, by_run, learned_from, judged_on, accuracy, live_accuracy, gain,"
                " error, live, content) values (:at, :run, :learned, :judged, :accuracy, :live_accuracy, :gain, :error,"
                " :goes_live, :content) returning model_id"
            ),
            row,
        ).scalar_one()
        used, number = (new, made) if found["goes_live"] or before is None else (before[1], before[0])
        told = used.predict_proba(texts)
        routed = pd.DataFrame(
            {
                "request_id": judge["request_id"],
                "category": used.classes_[told.argmax(axis=1)],
                "confidence": told.max(axis=1),
            }
        )
        connection.execute(
            text(
                "insert into requests_311.routed values (:request_id, :category, :confidence, :model)"
                " on conflict (request_id) do update set category = excluded.category,"
                " confidence = excluded.confidence, model_id = excluded.model_id"
            ),
            routed.assign(model=number).to_dict("records"),
        )
        picture(connection)
    (nightdesk.output_dir / "decision.json").write_text(
        json.dumps({"model": made, "at": at.isoformat(), **found}, indent=1) + "\n"
    )
    for name in ("accuracy", "live_accuracy", "gain"):
        if found[name] is not None:
            nightdesk.log_metric(name, found[name])
    nightdesk.log_metric("goes_live", int(found["goes_live"]))
    against = "" if before is None else f", the one that is live {found['live_accuracy']:.1%}"
    print(
        f"model {made}: {accuracy:.1%} of {len(judge)} as the staff filed them{against}: "
        f"{'goes live' if found['goes_live'] else 'is not better, and stays out of use'}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--at",
        type=moment,
        default=moment(datetime.now(UTC).isoformat()),
        help="the moment that is due, as schedules say it",
    )
    main(parser.parse_args().at)
