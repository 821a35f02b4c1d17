// The part of the form with the file's parameters.

import { button, element } from "./dom";
import { changed, fieldOf } from "./fields";
import type { Inspection, Parameter } from "./types";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class ParametersPart {
  readonly node = element("fieldset", { hidden: true });
  private known: Parameter[] | null = null;
  private controls = new Map<string, Control>();
  private free: { name: HTMLInputElement; value: HTMLInputElement }[] = [];
  private made = 0;

  constructor(private readonly id: string) {}

  show(seen: Inspection): void {
    const typed = this.typed(); // what somebody typed before they chose another environment stays
    this.known = seen.parameters;
    this.controls.clear();
    this.node.hidden = false;
    this.node.replaceChildren(element("legend", {}, "Parameters"));
    if (seen.parameters === null) this.showFree(seen.kind);
    else if (seen.parameters.length === 0) this.node.append(quiet(NONE));
    else this.node.append(...seen.parameters.map((each) => this.row(each, typed.get(each.name))));
  }

  /** Go to the first thing that can be typed. */
  focus(): void {
    this.node.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
  }

  /** The one that is told the time each time it is due: nothing to fill in. */
  timed(name: string): void {
    for (const [each, control] of this.controls) control.disabled = each === name;
  }

  values(): Record<string, string> {
    if (this.known !== null) return changed(this.known, this.typed());
    const named = this.free.filter((each) => each.name.isConnected && each.name.value.trim());
    return Object.fromEntries(named.map((each) => [each.name.value.trim(), each.value.value]));
  }

  private typed(): Map<string, string> {
    return new Map([...this.controls].map(([name, control]) => [name, control.value]));
  }

  private row(parameter: Parameter, typed: string | undefined): HTMLElement {
    const field = fieldOf(parameter);
    const id = `${this.id}-parameter-${(this.made += 1)}`;
    let control: Control;
    if (field.kind === "choice") {
      control = element("select", { id });
      for (const choice of field.choices) control.append(new Option(choice || field.placeholder, choice));
    } else if (field.kind === "json") {
      control = element("textarea", { id, rows: "2", spellcheck: "false", placeholder: field.placeholder });
    } else {
      control = element("input", { id, type: "text", autocomplete: "off", placeholder: field.placeholder });
      if (field.kind === "number") control.setAttribute("inputmode", "decimal");
    }
    control.value = typed ?? field.initial;
    control.classList.add("jp-mod-styled");
    control.setAttribute("aria-describedby", `${id}-about`);
    this.controls.set(parameter.name, control);
    const words = parameter.help ? `${parameter.help} (${field.about})` : field.about.replace(/^./, (first) => first.toUpperCase());
    return element(
      "div",
      { class: "nightdesk-row" },
      element("label", { for: id }, parameter.name),
      control,
      element("p", { id: `${id}-about`, class: "nightdesk-quiet" }, words),
    );
  }

  private showFree(kind: string): void {
    this.free = [];
    const rows = element("div");
    const add = (): HTMLInputElement => {
      const number = this.free.length + 1;
      const name = element("input", { type: "text", class: "jp-mod-styled", autocomplete: "off", "aria-label": `Name of parameter ${number}`, placeholder: "name" });
      const value = element("input", { type: "text", class: "jp-mod-styled", autocomplete: "off", "aria-label": `Value of parameter ${number}`, placeholder: "value" });
      this.free.push({ name, value });
      const remove = button("Remove", "jp-mod-styled", () => {
        line.remove();
        more.focus();
      });
      remove.setAttribute("aria-label", `Remove parameter ${number}`);
      const line = element("div", { class: "nightdesk-pair" }, name, value, remove);
      rows.append(line);
      return name;
    };
    const more = button("Add a parameter", "jp-mod-styled", () => add().focus());
    this.node.append(quiet(kind === "script" ? FOR_SCRIPTS : FOR_OTHERS), rows, more);
  }
}

const NONE = "None. Give the cell that holds the notebook's settings the tag “parameters”, and its variables can be set here.";
const FOR_SCRIPTS = "The script is given them as --name value.";
const FOR_OTHERS = "The parameters cell cannot be read for them; say which ones to set.";
const quiet = (words: string): HTMLElement => element("p", { class: "nightdesk-quiet" }, words);
