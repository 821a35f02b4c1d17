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

// The server says something every five seconds. When it does not, the connection is dead even where
// nobody closed it, and a new one goes on from the last piece that was shown.
const SILENCE = 16000;
let last = "";
let heard = Date.now();
let source;

function listen() {
  heard = Date.now();
  source = new EventSource(article.dataset.events + (last ? `?after=${last}` : ""));
  source.addEventListener("ping", () => { heard = Date.now(); });
  source.addEventListener("run", (event) => { heard = Date.now(); show(JSON.parse(event.data)); });
  source.addEventListener("log", (event) => {
    heard = Date.now();
    last = event.lastEventId;
    print(JSON.parse(event.data));
  });
  source.addEventListener("end", () => {
    source.close();
    clearInterval(watch);
    // the server renders the end: outputs, what went wrong
    if (article.dataset.final === "no") location.reload();
  });
}

const watch = setInterval(() => {
  refresh(article);
  if (Date.now() - heard > SILENCE) {
    source.close();
    listen();
  }
}, 1000);
listen();
