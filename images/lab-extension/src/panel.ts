// The side panel with one's runs. Each run keeps its element while it is shown, so that focus stays where it is.

import type { LabIcon } from "@jupyterlab/ui-components";
import { Widget } from "@lumino/widgets";

import { button, element } from "./dom";
import { type ScheduleDeeds, SchedulesPart } from "./schedules";
import { isOver, type Run } from "./types";
import type { Watch } from "./watch";
import { ago, statusWords, story } from "./words";

export interface Deeds {
  openResult(run: Run): void;
  cancel(run: Run): Promise<void>;
  again(run: Run): Promise<void>;
  pageOf(run: Run): string;
  allRuns(): string;
  allSchedules(): string;
}

export class Panel extends Widget {
  private readonly status = element("p", { class: "nightdesk-status", role: "status" });
  private readonly retry: HTMLButtonElement;
  private readonly list = element("ul", { class: "nightdesk-runs", "aria-label": "My runs" });
  private readonly empty = element(
    "p",
    { class: "nightdesk-empty", hidden: true },
    "No runs yet. Open a notebook and choose “Run in background”: it goes on when you close Lab, and its result waits here.",
  );
  private readonly all = element("a", { target: "_blank", rel: "noopener" }, "All runs");
  private readonly schedules: SchedulesPart;
  private readonly items = new Map<string, Item>();
  private timer = 0;

  constructor(
    private readonly watch: Watch,
    private readonly deeds: Deeds,
    scheduleDeeds: ScheduleDeeds,
    icon: LabIcon,
  ) {
    super();
    this.id = "nightdesk-runs";
    this.addClass("nightdesk-panel");
    this.title.icon = icon;
    this.title.caption = "My runs";
    this.retry = button("Ask again", "jp-mod-styled", () => watch.again());
    this.retry.hidden = true;
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "My runs");
    this.schedules = new SchedulesPart(scheduleDeeds, deeds.allSchedules());
    const header = element("header", {}, element("h2", {}, "My runs"), this.all);
    this.node.append(header, this.status, this.retry, this.schedules.node, this.empty, this.list);
    watch.changed.connect(() => this.redraw());
  }

  /** Unfold the schedules: there is a new one. */
  openSchedules(): void {
    this.schedules.open();
  }

  protected onAfterShow(): void {
    this.watch.start();
    this.all.href = this.deeds.allRuns();
    this.redraw();
    this.timer = window.setInterval(() => this.tick(), 1000);
  }

  protected onAfterHide(): void {
    window.clearInterval(this.timer);
  }

  private redraw(): void {
    if (!this.isVisible) return;
    const { state, runs } = this.watch;
    const words = {
      well: "",
      asking: "Asking for your runs …",
      away: "The platform is restarting. What runs goes on; this list comes back by itself.",
      refused: state.kind === "refused" ? `The platform says no: ${state.words}.` : "",
    }[state.kind];
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.hidden = !words;
    this.retry.hidden = state.kind !== "refused";
    this.empty.hidden = !this.watch.knows || runs.length > 0;
    this.schedules.show(this.watch.schedules);
    const shown = new Set(runs.map((run) => run.id));
    for (const [id, item] of this.items) {
      if (!shown.has(id)) {
        item.node.remove();
        this.items.delete(id);
      }
    }
    runs.forEach((run, place) => {
      const item = this.items.get(run.id) ?? new Item(this.deeds);
      this.items.set(run.id, item);
      item.show(run);
      if (this.list.children[place] !== item.node) this.list.insertBefore(item.node, this.list.children[place] ?? null);
    });
  }

  private tick(): void {
    for (const item of this.items.values()) item.tick();
  }
}

class Item {
  readonly node: HTMLLIElement;
  private run: Run | null = null;
  private readonly name = element("span", { class: "nightdesk-name" });
  private readonly badge = element("span", { class: "nightdesk-badge" });
  private readonly words = element("p", { class: "nightdesk-story" });
  private readonly bar = element("progress", { "aria-label": "cells done" });
  private readonly note = element("p", { class: "nightdesk-problem", role: "alert" });
  private readonly result: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly again: HTMLButtonElement;
  private readonly page = element("a", { class: "nightdesk-link", target: "_blank", rel: "noopener" }, "Page");

  constructor(private readonly deeds: Deeds) {
    this.result = button("Open result", "jp-mod-styled", () => this.run && deeds.openResult(this.run));
    this.cancel = button("Cancel", "jp-mod-styled", () => void this.act(this.cancel, deeds.cancel));
    this.again = button("Run again", "jp-mod-styled", () => void this.act(this.again, deeds.again));
    this.node = element(
      "li",
      {},
      element("div", { class: "nightdesk-head" }, this.name, this.badge),
      this.words,
      this.bar,
      element("div", { class: "nightdesk-actions" }, this.result, this.cancel, this.again, this.page),
      this.note,
    );
  }

  show(run: Run): void {
    if (this.run?.name !== run.name || this.run?.status !== run.status) {
      for (const [control, label] of [[this.result, "Open the result of"], [this.cancel, "Cancel"], [this.again, "Run again:"], [this.page, "Page of"]] as const) {
        control.setAttribute("aria-label", `${label} ${run.name}`);
      }
    }
    this.run = run;
    this.node.dataset.run = run.id;
    this.node.dataset.status = run.status;
    setText(this.name, run.name);
    this.name.title = `${run.name} · ${run.environment.name}:${run.environment.version} · ${run.size}`;
    setText(this.badge, statusWords(run.status));
    this.page.href = this.deeds.pageOf(run);
    const over = isOver(run);
    // The buttons change with the status; whoever was on one of them is not thrown out of the list.
    const focused = [this.result, this.cancel, this.again].includes(document.activeElement as HTMLButtonElement);
    this.result.hidden = !over || run.status === "lost";
    this.cancel.hidden = over;
    this.again.hidden = !over;
    if (focused && (document.activeElement as HTMLElement).hidden) (over ? this.result.hidden ? this.again : this.result : this.cancel).focus();
    const { cell, cells } = run.progress ?? { cell: 0, cells: 0 };
    this.bar.hidden = over || !cells || run.status === "queued";
    this.bar.max = Math.max(1, cells);
    this.bar.value = Math.max(0, Math.min(cell, cells) - (run.status === "running" ? 1 : 0));
    this.tick();
  }

  tick(): void {
    if (!this.run) return;
    const now = Date.now();
    const started = this.run.finished_at ?? this.run.created_at;
    setText(this.words, isOver(this.run) ? `${story(this.run, now)} · ${ago(started, now)}` : story(this.run, now));
  }

  private async act(pressed: HTMLButtonElement, deed: (run: Run) => Promise<void>): Promise<void> {
    if (!this.run || pressed.getAttribute("aria-disabled")) return;
    pressed.setAttribute("aria-disabled", "true");
    this.note.textContent = "";
    try {
      await deed(this.run);
    } catch (error) {
      this.note.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      pressed.removeAttribute("aria-disabled");
    }
  }
}

function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
