// The next times of what is typed, before it is kept; without this script the button shows them.
const form = document.getElementById("schedule");
const [ahead, zone] = [document.getElementById("ahead"), form.elements.zone];
const units = { seconds: 1, minutes: 60, hours: 3600, days: 86400 };
if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
document.getElementById("show").hidden = true;

function kind() {
  const every = form.elements.kind.value === "every";
  for (const name of ["cron", "every"]) {
    const place = form.elements[name].closest("div");
    place.hidden = place.previousElementSibling.hidden = (name === "every") !== every;
  }
  return every;
}

let asked = 0;
async function show() {
  const every = kind();
  const seconds = Number(form.elements.every.value) * units[form.elements.unit.value];
  const wanted = every ? { every_seconds: seconds } : { cron: form.elements.cron.value };
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
