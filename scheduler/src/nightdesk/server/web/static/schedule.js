// The next times of what is typed, before it is kept; without this script the button shows them.
const form = document.getElementById("schedule");
const [ahead, zone] = [document.getElementById("ahead"), form.elements.zone];
const units = { seconds: 1, minutes: 60, hours: 3600, days: 86400 };
if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
document.getElementById("show").hidden = true;

function kind() {
  const chosen = form.elements.kind.value;
  for (const name of ["cron", "every"]) {
    const place = form.elements[name].closest("div");
    place.hidden = place.previousElementSibling.hidden = name !== chosen;
  }
  return chosen;
}

function what() {
  const chosen = form.elements.source_kind?.value ?? "file";
  for (const place of form.querySelectorAll("[data-of]")) place.hidden = !place.dataset.of.split(" ").includes(chosen);
}

let asked = 0;
async function show() {
  const chosen = kind();
  what();
  const seconds = Number(form.elements.every.value) * units[form.elements.unit.value];
  const wanted = { every: { every_seconds: seconds }, push: { on_push: true }, cron: { cron: form.elements.cron.value } }[chosen];
  const mine = ++asked;
  const answer = await fetch(form.dataset.preview, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-XSRFToken": form.elements._xsrf.value },
    body: JSON.stringify({ ...wanted, zone: zone.value || "UTC" }),
  }).catch(() => null);
  if (mine !== asked || !answer) return;
  const told = await answer.json();
  const lines = answer.ok ? told.ticks.map((tick) => tick.local.slice(0, 16).replace("T", " ") + " " + tick.local.slice(19)) : [told.error.message];
  ahead.replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text, className: answer.ok ? "" : "wrong" })));
}

let waiting;
form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 250); });
show();
