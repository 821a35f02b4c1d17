// The list of runs, live: the page is asked for again, and rows that differ take the place of the old ones.
import { refresh, tick } from "./page.js";

const form = document.querySelector("#search");
const BUSY = 3000;
const CALM = 15000;
let list = document.querySelector("#list");

// Days mean the reader's own.
form.zone.value = -new Date().getTimezoneOffset();
form.zone.disabled = false;
for (const note of form.querySelectorAll(".utc")) note.hidden = true;
// An address without what was left empty.
form.addEventListener("submit", () => {
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  if (!form.since.value && !form.until.value) form.zone.disabled = true;
});
window.addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });

const plain = (row) => row.dataset.state;

function take(fresh) {
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const old = new Map([...list.querySelectorAll("tr[id]")].map((row) => [row.id, row]));
  for (const row of fresh.querySelectorAll("tr[id]")) {
    const known = old.get(row.id);
    if (known && plain(known) === plain(row)) row.replaceWith(known);
    else refresh(row);
  }
  list.replaceWith(fresh);
  list = fresh;
  choose();
  if (focused && !list.contains(document.activeElement)) {
    list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

// By keyboard: j and k (or the arrows in a row) go down and up, Enter opens, x chooses for a comparison, / searches.
function go(by) {
  const links = [...list.querySelectorAll("tr[id] td a")];
  if (!links.length) return;
  const now = document.activeElement?.closest("tr[id]");
  const at = now ? links.findIndex((link) => link.closest("tr") === now) : -1;
  links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const typing = target.closest("input:not([type=checkbox]), select, textarea, button");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = target.closest("tr[id]");
  const arrow = row && { ArrowDown: 1, ArrowUp: -1 }[key];
  if (key === "j" || key === "k" || arrow) go(arrow || (key === "j" ? 1 : -1));
  else if (key === "Enter" && row && target.type === "checkbox") row.querySelector("td a").click();
  else if (key === "x" && row) row.querySelector("[name=run]")?.click();
  else if (key === "/") form.elements.name.focus();
  else if (key === "n") list.querySelector('[rel="next"]')?.click();
  else return;
  event.preventDefault();
});

// What was chosen to be compared stays chosen when the list is looked at again.
const chosen = new Set();
function choose() {
  for (const box of list.querySelectorAll("[name=run]")) box.checked = chosen.has(box.value);
  const bar = document.querySelector("#compare");
  if (bar) {
    bar.hidden = chosen.size < 2;
    bar.querySelector("a").href = `${bar.dataset.address}?${[...chosen].map((id) => `run=${id}`).join("&")}`;
    bar.querySelector(".count").textContent = chosen.size;
  }
}
document.addEventListener("change", ({ target }) => {
  if (target.name !== "run" || !list.contains(target)) return;
  if (target.checked) chosen.add(target.value);
  else chosen.delete(target.value);
  choose();
});

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("#list");
        if (fresh) take(document.adoptNode(fresh));
      }
    } catch {
      // The platform is away for the moment: the next look finds it again.
    }
  }
  setTimeout(look, list.dataset.live === "yes" ? BUSY : CALM);
}
setTimeout(look, list.dataset.live === "yes" ? BUSY : CALM);
setInterval(() => tick(list), 1000);
