// One run, live: the server tells what changed; after a broken connection the browser asks on from
// where it was.
import { refresh } from "./page.js";

const article = document.querySelector("#run");
const log = document.querySelector("#log");
const field = (name) => article.querySelector(`[data-field="${name}"]`);
const LOG_PIECES = 5000;

function show(run) {
  field("status").textContent = run.status.replace("_", " ");
  field("status").className = `status ${run.status}`;
  field("reason").textContent = run.reason || run.waiting || "";
  const bar = field("bar");
  if (bar) {
    bar.max = Math.max(run.progress.cells, 1);
    bar.value = run.status === "succeeded" ? bar.max : run.progress.cell;
    field("cells").textContent = `cell ${run.progress.cell} of ${run.progress.cells}`;
    const took = article.querySelector("[data-took]");
    took.dataset.from = run.started_at || "";
    took.dataset.to = run.finished_at || "";
    refresh(article);
  }
}

function print({ stream, text }) {
  const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const piece = document.createElement("span");
  piece.className = stream;
  piece.textContent = text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "");
  log.append(piece);
  while (log.childNodes.length > LOG_PIECES) log.firstChild.remove();
  if (below) log.scrollTop = log.scrollHeight;
}

const source = new EventSource(article.dataset.events);
source.addEventListener("run", (event) => show(JSON.parse(event.data)));
source.addEventListener("log", (event) => print(JSON.parse(event.data)));
source.addEventListener("end", () => {
  source.close();
  // the server renders the end: outputs, what went wrong
  if (article.dataset.final === "no") location.reload();
});
if (article.dataset.final === "no") setInterval(() => refresh(article), 1000);
