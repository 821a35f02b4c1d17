// The form in which a notebook or script is handed over.

import { button, element } from "./dom";
import { FilesPart } from "./files";
import { ParametersPart } from "./parameters";
import { row } from "./row";
import { Refusal, type Server, type Source } from "./server";
import type { Environment, Run, Schedule, Size } from "./types";
import { type Chosen, WhenPart } from "./when";
import { bytes, duration, seconds } from "./words";

let forms = 0;
const NOTIFY = [
  ["", "as I said under Notifications"],
  ["failure", "when it does not succeed"],
  ["always", "when it is over"],
  ["never", "never"],
] as const;
const NOTIFY_OF_EACH = [NOTIFY[0], ["failure", "when one does not succeed"], ["always", "when one is over"], NOTIFY[3]] as const;
const ALERT = [
  ["", "when a time comes to nothing, or it is paused"],
  ["never", "never"],
] as const;

export type Made = { run: Run } | { schedule: Schedule };

/** Ask for what is needed and hand the file over; what came of it, or null where somebody thought better of it. */
export async function ask(server: Server, source: Source, notice: string | null, schedules: string): Promise<Made | null> {
  const form = new Form(server, source, notice, schedules);
  return form.show();
}

class Form {
  private readonly id = `nightdesk-form-${(forms += 1)}`;
  private readonly file: string;
  private readonly dialog: HTMLDialogElement;
  private readonly status = element("p", { class: "nightdesk-quiet", role: "status" });
  private readonly problem = element("div", { class: "nightdesk-problem", role: "alert" });
  private readonly environment = element("select", { id: `${this.id}-environment` });
  private readonly size = element("select", { id: `${this.id}-size` });
  private readonly name: HTMLInputElement;
  private readonly limit = element("input", { id: `${this.id}-limit`, type: "text", autocomplete: "off" });
  private readonly submitButton = element("button", { type: "submit", class: "jp-mod-styled jp-mod-accept" }, "Run in background");
  private readonly notify = element("select", { id: `${this.id}-notify` });
  private readonly alert = element("select", { id: `${this.id}-alert` });
  private readonly alerts = row("About its times", this.alert);
  private readonly parameters: ParametersPart;
  private readonly files: FilesPart;
  private readonly when: WhenPart;
  private readonly followed = element("optgroup", { label: "Whichever it is then" });
  private sizes: Size[] = [];
  /** The same for each try of the same form, so that a broken connection never makes two runs of one. */
  private key = crypto.randomUUID();
  private asked = 0;
  private busy = false;
  private seen = "";
  private made: Made | null = null;
  private wasScheduled = false;

  constructor(
    private readonly server: Server,
    private readonly source: Source,
    notice: string | null,
    schedules: string,
  ) {
    this.file = source.path.split("/").pop() ?? source.path;
    const untitled = /^untitled/i.test(this.file);
    this.name = element("input", {
      id: `${this.id}-name`,
      type: "text",
      autocomplete: "off",
      maxlength: "200",
      placeholder: untitled ? "something that you will know again" : this.file,
    });
    this.parameters = new ParametersPart(this.id);
    this.files = new FilesPart(this.id, server, source.path);
    const title = element("h2", { id: `${this.id}-title` }, "Run in background");
    for (const [when, words] of NOTIFY) this.notify.append(new Option(words, when));
    for (const [when, words] of ALERT) this.alert.append(new Option(words, when));
    this.alerts.hidden = true;
    const savable = source.content === undefined;
    this.when = new WhenPart(this.id, server, this.file, savable, schedules, (chosen) => this.shape(chosen));
    const buttons = element(
      "div",
      { class: "nightdesk-buttons" },
      button("Cancel", "jp-mod-styled jp-mod-reject", () => this.dialog.close()),
      this.submitButton,
    );
    const form = element(
      "form",
      { novalidate: true },
      element("header", {}, title, element("p", { class: "nightdesk-quiet" }, this.file), notice && element("p", {}, notice)),
      element(
        "div",
        { class: "nightdesk-body" },
        this.status,
        this.when.node,
        this.parameters.node,
        element(
          "fieldset",
          {},
          element("legend", {}, "Where"),
          row("Environment", this.environment),
          row("Size", this.size),
          row("Time limit", this.limit, "Such as 90m or 2h 30m. Left empty: the size's own."),
        ),
        this.files.node,
        element("fieldset", {}, element("legend", {}, "In the list"), row("Name", this.name), row("Tell me", this.notify), this.alerts),
      ),
      element("footer", {}, this.problem, buttons),
    );
    this.dialog = element("dialog", { class: "nightdesk-form", "aria-labelledby": title.id }, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    form.addEventListener("input", () => {
      this.key = crypto.randomUUID();
    });
    this.environment.addEventListener("change", () => void this.inspect());
    this.size.addEventListener("change", () => this.showLimit());
    // Lab listens to every key of the page; what is typed here is for nobody else.
    this.dialog.addEventListener("keydown", (event) => event.stopPropagation());
  }

  show(): Promise<Made | null> {
    const before = document.activeElement;
    document.body.append(this.dialog);
    this.dialog.showModal();
    void this.fill();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => {
        this.dialog.remove();
        if (before instanceof HTMLElement) before.focus();
        resolve(this.made);
      });
    });
  }

  private async fill(): Promise<void> {
    this.say("Looking at what the file takes …");
    this.submitButton.disabled = true;
    try {
      const [about, environments, sizes] = await Promise.all([
        this.server.about(),
        this.server.environments(),
        this.server.sizes(),
      ]);
      this.files.ignoredAlways = about.ignored_always;
      this.showEnvironments(environments, about.environment);
      this.showSizes(sizes);
      this.submitButton.disabled = false;
    } catch (error) {
      this.refused(error, "Close this and try again in a moment.");
      this.say("");
      return;
    }
    const began = document.activeElement;
    await this.inspect();
    if (this.dialog.open && document.activeElement === began) this.parameters.focus();
  }

  private showEnvironments(environments: Environment[], here: string | null): void {
    const known = environments.flatMap((each) => each.versions.map((version) => `${each.name}:${version.version}`));
    // The version of this session comes first, also where it is not on offer any more.
    if (here && !known.includes(here)) this.environment.append(new Option(`${here} (this session's)`, here));
    for (const each of environments) {
      const group = element("optgroup", { label: each.title || each.name });
      for (const version of each.versions) {
        const value = `${each.name}:${version.version}`;
        if (version.offer !== "offered" && value !== here) continue;
        const notes = [value === here ? "this session's" : "", ...version.channels].filter(Boolean).join(", ");
        group.append(new Option(notes ? `${value} (${notes})` : value, value));
      }
      if (group.children.length) this.environment.append(group);
      const channels = new Set(each.versions.flatMap((version) => version.channels));
      for (const channel of channels) this.followed.append(new Option(`${each.name}@${channel}`));
    }
    if (this.when.scheduled && this.followed.children.length) this.environment.append(this.followed);
    if (here) this.environment.value = here;
  }

  /** What depends on whether it is for now or for later. */
  private shape({ scheduled, live, timed }: Chosen): void {
    this.files.live(live);
    this.parameters.timed(timed);
    if (scheduled === this.wasScheduled) return;
    this.wasScheduled = scheduled;
    this.submitButton.textContent = scheduled ? "Make the schedule" : "Run in background";
    for (const [index, [, words]] of (scheduled ? NOTIFY_OF_EACH : NOTIFY).entries()) this.notify.options[index]!.text = words;
    this.alerts.hidden = !scheduled;
    if (scheduled && this.followed.children.length) this.environment.append(this.followed);
    else {
      const follows = this.followed.contains(this.environment.selectedOptions[0] ?? null);
      this.followed.remove();
      if (follows) {
        this.environment.selectedIndex = 0;
        void this.inspect();
      }
    }
  }

  private showSizes(sizes: Size[]): void {
    this.sizes = sizes;
    for (const size of sizes) {
      const words = `${size.title || size.name}: ${size.cpus} ${size.cpus === 1 ? "core" : "cores"}, ${bytes(size.memory_bytes)}`;
      this.size.append(new Option(words, size.name, size.default, size.default));
    }
    this.showLimit();
  }

  private showLimit(): void {
    const size = this.sizes.find((each) => each.name === this.size.value);
    this.limit.placeholder = size ? `at most ${duration(size.time_limit_seconds)}` : "";
  }

  private async inspect(): Promise<void> {
    const mine = (this.asked += 1);
    this.say("Looking at what the file takes …");
    this.problem.replaceChildren();
    try {
      const seen = await this.server.inspect(this.source, this.environment.value || undefined);
      if (mine !== this.asked) return;
      this.parameters.show(seen);
      this.when.show(seen);
      const kernel = seen.kernel ? `${seen.cells} code ${seen.cells === 1 ? "cell" : "cells"}, kernel ${seen.kernel.display_name}.` : "";
      this.seen = [kernel, ...seen.notes].filter(Boolean).join(" ");
      this.say(this.seen);
    } catch (error) {
      if (mine !== this.asked) return;
      this.say("");
      this.refused(error, null);
    }
  }

  private async submit(): Promise<void> {
    if (this.busy || this.submitButton.disabled) return;
    const limit = this.limit.value.trim();
    const timeout = limit ? seconds(limit) : null;
    if (limit && timeout === null) {
      this.refused(new Refusal("The time limit is not a time.", "Write it like 90m or 2h 30m.", false), null);
      this.limit.focus();
      return;
    }
    const when = this.when.scheduled ? this.when.values() : null;
    if (this.when.scheduled && !when) return;
    this.busy = true;
    this.submitButton.setAttribute("aria-disabled", "true");
    this.problem.replaceChildren();
    const wanted = {
      name: this.name.value.trim(),
      environment: this.environment.value,
      size: this.size.value,
      timeout_seconds: timeout,
      parameters: this.parameters.values(),
      ...this.files.values(),
    };
    this.say(when ? "Making the schedule …" : "Handing it over …");
    try {
      if (when) {
        delete wanted.parameters[this.when.timeParameter];
        this.made = { schedule: await this.server.schedule(this.source, { ...wanted, ...when, notify: this.notify.value, alert: this.alert.value !== "never" }) };
      } else this.made = { run: await this.server.submit(this.source, { ...wanted, notify: this.notify.value, key: this.key }) };
      this.dialog.close();
    } catch (error) {
      this.say(this.seen);
      this.refused(
        error,
        when
          ? "Press the button again in a moment. Two schedules of one name there will never be."
          : "Nothing is lost: press the button again in a moment, there will be one run.",
      );
    } finally {
      this.busy = false;
      this.submitButton.removeAttribute("aria-disabled");
    }
  }

  private say(words: string): void {
    this.status.textContent = words;
  }

  private refused(error: unknown, whenAway: string | null): void {
    const refusal = error instanceof Refusal ? error : null;
    const away = refusal?.away ?? false;
    const message = away ? "The platform is restarting." : sentence(refusal?.message ?? String(error));
    const hint = away ? whenAway : (refusal?.hint ?? null);
    this.problem.replaceChildren(element("p", {}, message), ...(hint ? [element("p", { class: "nightdesk-quiet" }, hint)] : []));
  }
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
