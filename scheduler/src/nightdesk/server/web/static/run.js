// One run, live: the server tells what changed; after a broken connection the browser asks on from
// where it was.
import { Colours } from "./colours.js";
import { count, refresh, tick } from "./page.js";
import { moved } from "./cells.js";
import * as soFar from "./so_far.js";
import * as metrics from "./metrics.js";
import * as usage from "./usage.js";

const article = document.querySelector("#run");
const log = document.querySelector("#log");
const field = (name) => article.querySelector(`[data-field="${name}"]`);
const LOG_PIECES = 5000;
const colours = {};
log.replaceChildren(); // its end, which the server wrote for who has no scripts; it comes whole now

const line = article.querySelector(".progress-line");

function show(run) {
  usage.of(run.attempt);
  moved(run);
  soFar.moved(run);
  field("status").textContent = run.status.replace("_", " ");
  field("status").className = `status ${run.status}`;
  field("reason").textContent = run.waiting || run.reason || "";
  const bar = field("bar");
  if (bar) {
    bar.max = Math.max(run.progress.cells, 1);
    bar.value = run.status === "succeeded" ? bar.max : Math.max(run.progress.cell - 1, 0);
    const { cell, cells } = run.progress;
    field("cells").textContent = cell ? `cell ${cell} of ${cells}` : `${cells} ${cells === 1 ? "cell" : "cells"}`;
  }
  if (run.status === "running") {
    line.dataset.expected = run.expected_seconds ?? "";
    count(line, run.elapsed_seconds ?? 0);
  } else if (run.status === "queued") {
    delete line.dataset.elapsed;
    for (const words of line.querySelectorAll(".spent, .left")) words.textContent = "";
  }
  tick(article);
  if (run.status !== article.dataset.status || String(run.attempt) !== article.dataset.attempt) {
    Object.assign(article.dataset, { status: run.status, attempt: run.attempt });
    if (article.dataset.final === "no") renew();
  }
}

// What the server has written about the story so far.
async function renew() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["attempts", "history"]) {
      const fresh = page.getElementById(id);
      if (fresh) document.getElementById(id).replaceWith(document.adoptNode(fresh));
    }
    refresh(article);
  } catch {
    // The platform is away for the moment; the next change tries again.
  }
}

function print({ stream, text }) {
  const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const piece = document.createElement("span");
  piece.className = stream;
  for (const [words, classes] of (colours[stream] ??= new Colours()).parts(text)) {
    const part = classes ? document.createElement("span") : null;
    if (part) Object.assign(part, { className: classes, textContent: words });
    piece.append(part ?? words);
  }
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
  source.addEventListener("usage", (event) => { heard = Date.now(); usage.add(JSON.parse(event.data)); });
  source.addEventListener("metrics", (event) => { heard = Date.now(); metrics.told(JSON.parse(event.data)); });
  source.addEventListener("log", (event) => {
    heard = Date.now();
    last = event.lastEventId;
    print(JSON.parse(event.data));
    soFar.printed();
  });
  source.addEventListener("end", () => {
    source.close();
    clearInterval(watch);
    // the server renders the end: outputs, what went wrong
    if (article.dataset.final === "no") location.reload();
  });
}

const watch = setInterval(() => {
  tick(article);
  if (Date.now() - heard > SILENCE) {
    source.close();
    listen();
  }
}, 1000);
listen();
