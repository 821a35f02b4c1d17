// One's schedules in the panel: when each is due next, and what is done with one every day. The rest is on its page.

import { moment, ownZone, wordsOf } from "./cron";
import { button, element } from "./dom";
import type { Schedule } from "./types";

export interface ScheduleDeeds {
  pause(schedule: Schedule): Promise<void>;
  resume(schedule: Schedule): Promise<void>;
  runNow(schedule: Schedule): Promise<string | null>;
  pageOf(schedule: Schedule): string;
}

export class SchedulesPart {
  readonly node: HTMLDetailsElement;
  private readonly heading = element("summary", {});
  private readonly list = element("ul", { class: "nightdesk-runs", "aria-label": "My schedules" });
  private readonly items = new Map<string, Item>();

  constructor(
    private readonly deeds: ScheduleDeeds,
    all: string,
  ) {
    const page = element("a", { href: all, target: "_blank", rel: "noopener" }, "All schedules");
    this.node = element("details", { class: "nightdesk-schedules", hidden: true }, this.heading, this.list, element("p", {}, page));
  }

  open(): void {
    this.node.open = true;
  }

  show(schedules: Schedule[]): void {
    this.node.hidden = schedules.length === 0;
    const due = schedules.map((each) => each.next_at ?? "").filter(Boolean).sort()[0];
    const words = `My schedules (${schedules.length})${due ? ` · next ${moment(due, ownZone(), false)}` : ""}`;
    if (this.heading.textContent !== words) this.heading.textContent = words;
    const shown = new Set(schedules.map((each) => each.id));
    for (const [id, item] of this.items) {
      if (!shown.has(id)) {
        item.node.remove();
        this.items.delete(id);
      }
    }
    schedules.forEach((schedule, place) => {
      const item = this.items.get(schedule.id) ?? new Item(this.deeds);
      this.items.set(schedule.id, item);
      item.show(schedule);
      if (this.list.children[place] !== item.node) this.list.insertBefore(item.node, this.list.children[place] ?? null);
    });
  }
}

class Item {
  readonly node: HTMLLIElement;
  private schedule: Schedule | null = null;
  private readonly name = element("span", { class: "nightdesk-name" });
  private readonly badge = element("span", { class: "nightdesk-badge" }, "paused");
  private readonly words = element("p", { class: "nightdesk-story" });
  private readonly note = element("p", { class: "nightdesk-note", role: "status" });
  private readonly toggle: HTMLButtonElement;
  private readonly now: HTMLButtonElement;
  private readonly page = element("a", { class: "nightdesk-link", target: "_blank", rel: "noopener" }, "Page");

  constructor(private readonly deeds: ScheduleDeeds) {
    this.now = button("Run now", "jp-mod-styled", () => void this.act(this.now, deeds.runNow));
    this.toggle = button("Pause", "jp-mod-styled", () => void this.act(this.toggle, (it) => (it.paused ? deeds.resume(it) : deeds.pause(it)).then(() => null)));
    this.node = element(
      "li",
      {},
      element("div", { class: "nightdesk-head" }, this.name, this.badge),
      this.words,
      element("div", { class: "nightdesk-actions" }, this.now, this.toggle, this.page),
      this.note,
    );
  }

  show(schedule: Schedule): void {
    this.schedule = schedule;
    const { name, paused } = schedule;
    this.node.dataset.schedule = schedule.id;
    setText(this.name, name);
    this.name.title = `${name} · ${schedule.environment}`;
    this.badge.hidden = !paused;
    setText(this.words, story(schedule));
    setText(this.toggle, paused ? "Resume" : "Pause");
    this.toggle.setAttribute("aria-label", `${paused ? "Resume" : "Pause"} ${name}`);
    this.now.setAttribute("aria-label", `Run now: ${name}`);
    this.page.setAttribute("aria-label", `Page of schedule ${name}`);
    this.page.href = this.deeds.pageOf(schedule);
  }

  private async act(pressed: HTMLButtonElement, deed: (schedule: Schedule) => Promise<string | null>): Promise<void> {
    if (!this.schedule || pressed.getAttribute("aria-disabled")) return;
    pressed.setAttribute("aria-disabled", "true");
    this.note.textContent = "";
    try {
      this.note.textContent = await deed(this.schedule);
    } catch (error) {
      this.note.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      pressed.removeAttribute("aria-disabled");
    }
  }
}

/** When it runs and when it is due next, or why it is not. */
export function story(schedule: Schedule): string {
  const plain = schedule.cron ? wordsOf(schedule.cron) : null;
  const elsewhere = plain && schedule.zone !== ownZone() ? ` (${schedule.zone})` : "";
  const when = plain ? plain + elsewhere : schedule.when;
  if (schedule.paused) return `${when}. ${schedule.paused.why}`;
  const bad = schedule.failures ? ` · ${schedule.failures} bad ${schedule.failures === 1 ? "end" : "ends in a row"}` : "";
  return schedule.next_at ? `${when} · next ${moment(schedule.next_at, ownZone(), false)}${bad}` : `${when}${bad}`;
}

function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
