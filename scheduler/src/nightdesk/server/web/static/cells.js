// The cells of a run: how each goes and how long it took, asked for again when the run has moved on.
import { took } from "./page.js";

const section = document.querySelector("#cells");
const MARKS = { ok: "✓", error: "✗", running: "▶", stopped: "■", skipped: "–" };
const PAUSE = 1500;
let at = "", asking = false, again = false;

function show({ cells, attempt }) {
  const longest = Math.max(0.001, ...cells.map((cell) => cell.seconds ?? 0));
  for (const { number, status, seconds } of cells) {
    const row = section.querySelector(`[data-cell="${number}"]`);
    if (!row) continue;
    const meter = row.querySelector("meter");
    [meter.max, meter.value] = [longest, seconds ?? 0];
    row.querySelector(".took").textContent = seconds === null ? "" : took(seconds);
    if (row.dataset.status === status) continue;
    row.dataset.status = status;
    row.className = `cell ${status}`;
    const mark = row.querySelector(".mark");
    [mark.textContent, mark.title, mark.nextElementSibling.textContent] = [MARKS[status] ?? "·", status, ` ${status} `];
  }
  section.dataset.attempt = attempt;
}

async function ask() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(`${section.dataset.address}?sources=false`);
    if (answer.ok) show(await answer.json());
  } catch {
    // The platform is away for the moment; the next change asks again.
  }
  setTimeout(() => { asking = false; if (again) { again = false; ask(); } }, PAUSE);
}

// Told of each change of the run.
export function moved(run) {
  const now = `${run.status} ${run.attempt} ${run.progress.cell}`;
  if (section.hidden || now === at) return;
  const first = at === "";
  at = now;
  if (!first) ask();
}
