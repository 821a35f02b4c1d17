// The part of the form that says when: once and now, or by a timetable whose next times are shown before it is kept.

import { DAYS, isZone, lineOf, moment, ownZone, REPEATS, type Repeat } from "./cron";
import { element } from "./dom";
import { row } from "./row";
import { Refusal, type Server } from "./server";
import type { Inspection, Parameter } from "./types";

const PAUSE = 300; // milliseconds after the last key before the platform is asked
const DATES = [...Array.from({ length: 31 }, (_, each) => String(each + 1)), "L"];

export interface Chosen {
  scheduled: boolean;
  live: boolean;
  /** The parameter that is told the time; empty where none is. */
  timed: string;
}

export class WhenPart {
  readonly node: HTMLElement;
  private readonly once: HTMLInputElement;
  private readonly often: HTMLInputElement;
  private readonly details: HTMLElement;
  private readonly repeat: HTMLSelectElement;
  private readonly time: HTMLInputElement;
  private readonly minute: HTMLInputElement;
  private readonly day: HTMLSelectElement;
  private readonly date: HTMLSelectElement;
  private readonly cron: HTMLInputElement;
  private readonly zone: HTMLInputElement;
  private readonly what: HTMLSelectElement;
  private readonly told: HTMLSelectElement;
  private readonly wrongTime: HTMLElement;
  private readonly wrongMinute: HTMLElement;
  private readonly wrongCron: HTMLElement;
  private readonly wrongZone: HTMLElement;
  private readonly ahead = element("ol", { class: "nightdesk-ahead" });
  private readonly aheadStatus = element("p", { class: "nightdesk-quiet" });
  private readonly rows: Record<"time" | "minute" | "day" | "date" | "cron", HTMLElement>;
  private readonly whatWords: HTMLElement;
  private asked = 0;
  private timer = 0;
  private last = "30 6 * * MON-FRI";

  /** `changed` is called where something else of the form depends on what was chosen. */
  constructor(
    id: string,
    private readonly server: Server,
    private readonly file: string,
    private savable: boolean,
    schedules: string,
    private readonly changed: (chosen: Chosen) => void,
  ) {
    const own = (name: string): string => `${id}-when-${name}`;
    const field = (name: string, more: Record<string, string> = {}): HTMLInputElement =>
      element("input", { id: own(name), type: "text", autocomplete: "off", spellcheck: "false", ...more });
    const choice = (name: string, choices: Iterable<readonly [string, string]>): HTMLSelectElement => {
      const made = element("select", { id: own(name) });
      for (const [value, words] of choices) made.append(new Option(words, value));
      return made;
    };
    const wrong = (name: string): HTMLElement => element("p", { id: own(`${name}-wrong`), class: "nightdesk-wrong" });
    this.once = element("input", { id: own("once"), type: "radio", name: own("choice"), value: "once", checked: true });
    this.often = element("input", { id: own("often"), type: "radio", name: own("choice"), value: "often" });
    this.repeat = choice("repeat", REPEATS);
    this.repeat.value = "weekday";
    this.time = field("time", { type: "time" });
    this.time.value = "06:30";
    this.minute = field("minute", { maxlength: "2", inputmode: "numeric" });
    this.minute.value = "0";
    this.day = choice("day", DAYS);
    this.date = choice("date", DATES.map((each) => [each, each === "L" ? "the last" : each] as const));
    this.cron = field("cron", { maxlength: "200", placeholder: "30 6 * * MON-FRI" });
    const zones = element("datalist", { id: own("zones") });
    for (const each of Intl.supportedValuesOf("timeZone")) zones.append(new Option(each, each));
    this.zone = field("zone", { maxlength: "64", list: zones.id });
    this.zone.value = ownZone();
    this.what = choice("what", [
      ["copy", "a copy of it as it is now"],
      ["live", "the file in my home, as it is each time"],
    ]);
    this.told = choice("told", [["", "no parameter"]]);
    [this.wrongTime, this.wrongMinute, this.wrongCron, this.wrongZone] = [wrong("time"), wrong("minute"), wrong("cron"), wrong("zone")];
    this.rows = {
      time: row("At", this.time),
      minute: row("Minutes past", this.minute),
      day: row("On", this.day),
      date: row("On day", this.date, "A month without that day is left out."),
      cron: row("Cron line", this.cron, "Minute, hour, day of month, month, day of week; or @daily, @hourly, @weekly, @monthly."),
    };
    this.rows.time.append(this.wrongTime);
    this.rows.minute.append(this.wrongMinute);
    this.rows.cron.append(this.wrongCron);
    const zone = row("Time zone", this.zone, "Whose clocks are meant.");
    zone.append(this.wrongZone, zones);
    const what = row("What runs", this.what, " ");
    this.whatWords = what.querySelector("p") as HTMLElement;
    this.details = element(
      "div",
      { hidden: true },
      row("Repeat", this.repeat),
      this.rows.day,
      this.rows.date,
      this.rows.time,
      this.rows.cron,
      zone,
      element(
        "div",
        { class: "nightdesk-row", role: "group", "aria-labelledby": own("ahead") },
        element("span", { id: own("ahead") }, "Due next"),
        element("div", { "aria-live": "polite" }, this.aheadStatus, this.ahead),
      ),
      what,
      row("Tell the time to", this.told, "The parameter that gets the time at which it is due. Code finds it in nightdesk.run.scheduled_at as well."),
      element(
        "p",
        { class: "nightdesk-quiet" },
        "A time that was missed is made up for by one run. While the run before goes on, a time is left out. After five bad ends in a row it is paused. All of that can be changed on the page of the schedule, under ",
        element("a", { href: schedules, target: "_blank", rel: "noopener" }, "Schedules"),
        ".",
      ),
    );
    this.what.disabled = !savable;
    this.node = element(
      "fieldset",
      { class: "nightdesk-when" },
      element("legend", {}, "When"),
      element(
        "div",
        { class: "nightdesk-choices" },
        element("label", {}, this.once, "Once, now"),
        element("label", {}, this.often, "On a schedule"),
      ),
      this.details,
    );
    this.node.addEventListener("input", (event) => this.typed(event.target));
    this.shape();
  }

  get scheduled(): boolean {
    return this.often.checked;
  }

  get live(): boolean {
    return this.scheduled && this.what.value === "live";
  }

  /** What a look at the file has brought: where it is, and which parameters it has. */
  show(seen: Inspection): void {
    if (!seen.home_path) {
      this.what.value = "copy";
      this.savable = false;
    }
    this.what.disabled = !this.savable;
    const chosen = this.told.value;
    const names = (seen.parameters ?? []).filter(takesTime).map((each) => each.name);
    this.told.replaceChildren(new Option("no parameter", ""), ...names.map((name) => new Option(name, name)));
    if (names.includes(chosen)) this.told.value = chosen;
    (this.told.parentElement as HTMLElement).hidden = names.length === 0;
    this.shape();
  }

  /** What to send; null where something is missing or wrong, which is said at the field and has the focus. */
  values(): Record<string, unknown> | null {
    const cron = this.line();
    if (!cron) {
      const [field, place] = this.timed();
      this.mark(field, place, this.missing());
      field.focus();
      return null;
    }
    const bad = [this.cron, this.zone].find((each) => each.getAttribute("aria-invalid"));
    if (bad) {
      bad.focus();
      return null;
    }
    return { cron, zone: this.zone.value.trim(), live: this.live, time_parameter: this.told.value };
  }

  /** The one parameter that gets the time, and is therefore not sent. */
  get timeParameter(): string {
    return this.scheduled ? this.told.value : "";
  }

  private get cronly(): boolean {
    return this.repeat.value === "cron";
  }

  private line(): string | null {
    if (this.cronly) return this.cron.value.trim() || null;
    const [repeat, minute] = [this.repeat.value as Repeat, this.minute.value.trim()];
    const time = repeat === "hour" ? `00:${minute.padStart(2, "0")}` : this.time.value;
    return lineOf({ repeat, time, day: this.day.value, date: this.date.value });
  }

  /** The field without which there is no line, and the place for words about it. */
  private timed(): [HTMLInputElement, HTMLElement] {
    if (this.cronly) return [this.cron, this.wrongCron];
    return this.repeat.value === "hour" ? [this.minute, this.wrongMinute] : [this.time, this.wrongTime];
  }

  private missing(): string {
    if (this.cronly) return "Write a cron line.";
    return this.repeat.value === "hour" ? "Write a number from 0 to 59." : "Choose a time.";
  }

  private typed(target: EventTarget | null): void {
    // Whoever goes on to write a line begins with that of the choice before.
    if (target === this.repeat && this.cronly && !this.cron.value) this.cron.value = this.last;
    this.shape();
    this.clear();
    if (!this.scheduled) return;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look(), PAUSE);
  }

  private shape(): void {
    const repeat = this.repeat.value as Repeat;
    this.last = this.line() ?? this.last;
    this.details.hidden = !this.scheduled;
    this.rows.day.hidden = repeat !== "week";
    this.rows.date.hidden = repeat !== "month";
    this.rows.time.hidden = repeat === "cron" || repeat === "hour";
    this.rows.minute.hidden = repeat !== "hour";
    this.rows.cron.hidden = repeat !== "cron";
    this.whatWords.textContent = this.live
      ? `Read each time from your home, as ${this.file} is saved then: with what you changed, and what you broke.`
      : `The schedule keeps a copy of ${this.file} as it is now. What you change in it afterwards changes nothing there.`;
    this.changed({ scheduled: this.scheduled, live: this.live, timed: this.timeParameter });
  }

  private async look(): Promise<void> {
    const mine = (this.asked += 1);
    const [cron, zone] = [this.line(), this.zone.value.trim()];
    if (!cron) {
      this.ahead.replaceChildren();
      this.aheadStatus.textContent = this.missing();
      return;
    }
    try {
      const seen = await this.server.preview({ cron, zone });
      if (mine !== this.asked) return;
      this.aheadStatus.textContent = "";
      const here = ownZone();
      this.ahead.replaceChildren(
        ...seen.ticks.map((tick) => {
          if (!isZone(zone)) return element("li", {}, tick.local.slice(0, 16).replace("T", " "));
          const [there, mineToo] = [moment(tick.at, zone), moment(tick.at, here)];
          return element("li", {}, there, there !== mineToo && element("span", { class: "nightdesk-quiet" }, ` (${mineToo} for you)`));
        }),
      );
    } catch (error) {
      if (mine !== this.asked) return;
      this.ahead.replaceChildren();
      const refusal = error instanceof Refusal ? error : null;
      if (!refusal || refusal.away) {
        this.aheadStatus.textContent = "The platform does not answer just now; the times come when it does.";
        if (this.node.isConnected) this.timer = window.setTimeout(() => void this.look(), 3000);
        return;
      }
      this.aheadStatus.textContent = "Nothing, as it stands.";
      const words = [refusal.message.replace(/^./, (first) => first.toUpperCase()), refusal.hint].filter(Boolean).join(". ");
      if (refusal.field === "zone") this.mark(this.zone, this.wrongZone, words);
      else if (refusal.field === "cron" && this.cronly) this.mark(this.cron, this.wrongCron, words);
      else this.aheadStatus.textContent = words;
    }
  }

  private mark(field: HTMLInputElement, place: HTMLElement, words: string): void {
    place.textContent = words;
    place.setAttribute("role", "alert");
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", place.id);
  }

  private clear(): void {
    const marked = [[this.time, this.wrongTime], [this.minute, this.wrongMinute], [this.cron, this.wrongCron], [this.zone, this.wrongZone]] as const;
    for (const [field, place] of marked) {
      place.textContent = "";
      place.removeAttribute("role");
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
    }
  }
}

/** Whether a parameter can be told a time: text, or whatever is put there. */
const takesTime = (parameter: Parameter): boolean => parameter.types.length === 0 || parameter.types.includes("str");
