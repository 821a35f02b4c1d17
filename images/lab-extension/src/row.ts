// A line of the form: what it is, the control, and some help.

import { element } from "./dom";

export function row(label: string, control: HTMLElement, help = ""): HTMLElement {
  const about = help ? element("p", { class: "nightdesk-quiet", id: `${control.id}-help` }, help) : null;
  if (about) control.setAttribute("aria-describedby", about.id);
  control.classList.add("jp-mod-styled");
  return element("div", { class: "nightdesk-row" }, element("label", { for: control.id }, label), control, about);
}
