"""All issues on one page: what share supports each, and how far apart the parties are."""

import matplotlib.pyplot as plt
import nightdesk
import pandas as pd

table = pd.read_sql(
    "select issue, coalesce(party, 'unknown') as party, avg(support) as support"
    " from issues.positions join issues.people using (person_id) group by 1, 2",
    nightdesk.connect("production"),
)
if table.empty:
    raise SystemExit("there are no positions yet: run the models first")
by_party = table.pivot(index="issue", columns="party", values="support")
order = by_party["left"].sub(by_party["right"]).sort_values().index
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for party, colour in {
    "left": "#1f4e79",
    "other": "#8a8f98",
    "right": "#b3541e",
    "unknown": "#c9d3e0",
}.items():
    axes.plot(by_party.loc[order, party], range(len(order)), "o", color=colour, label=party, ms=8)
axes.hlines(
    range(len(order)),
    by_party.loc[order].min(axis=1),
    by_party.loc[order].max(axis=1),
    color="#e3e6ea",
    zorder=0,
)
axes.set_yticks(range(len(order)), order)
axes.xaxis.set_major_formatter("{x:.0%}")
axes.set_title("Predicted support, by party on file", loc="left")
axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.08))
axes.spines[["top", "right"]].set_visible(False)
figure.savefig(nightdesk.output_dir / "issues.png", dpi=110)
by_party.round(4).to_csv(nightdesk.output_dir / "issues.csv")
print(f"{len(by_party)} issues; the parties are farthest apart on {order[-1]}, closest on {order[0]}")
