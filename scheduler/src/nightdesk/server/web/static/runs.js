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
  if (focused && !list.contains(document.activeElement)) {
    list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

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
