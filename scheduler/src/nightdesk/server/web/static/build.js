// One build, live: what it prints as it comes, and what became of it at its end.
import "./page.js";
import { Colours } from "./colours.js";

const article = document.querySelector("#build");
const log = document.querySelector("#log");
const field = (name) => article.querySelector(`[data-field="${name}"]`);
const SAYS = {
  queued: "It begins when no other build goes on.",
  building: "The image is being made.",
  testing: "It is being tried as a session and as a run.",
};
const LOG_PIECES = 5000;
const SILENCE = 16000; // the server says something every five seconds
const colours = new Colours();
let last = "";
let heard = Date.now();
let source;
log.replaceChildren(); // its end, which the server wrote for who has no scripts; it comes whole now

function print({ text }) {
  const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const piece = document.createElement("span");
  for (const [words, classes] of colours.parts(text)) {
    const part = classes ? document.createElement("span") : null;
    if (part) Object.assign(part, { className: classes, textContent: words });
    piece.append(part ?? words);
  }
  log.append(piece);
  while (log.childNodes.length > LOG_PIECES) log.firstChild.remove();
  if (below) log.scrollTop = log.scrollHeight;
}

function show({ status }) {
  field("status").textContent = status;
  field("status").className = `status ${status}`;
  if (SAYS[status]) field("says").textContent = SAYS[status];
}

function listen() {
  heard = Date.now();
  source = new EventSource(article.dataset.events + (last ? `?after=${last}` : ""));
  source.addEventListener("ping", () => { heard = Date.now(); });
  source.addEventListener("build", (event) => { heard = Date.now(); show(JSON.parse(event.data)); });
  source.addEventListener("log", (event) => {
    heard = Date.now();
    last = event.lastEventId;
    print(JSON.parse(event.data));
  });
  source.addEventListener("end", () => {
    source.close();
    clearInterval(watch);
    // the server renders the end: the version, or what went wrong
    if (article.dataset.final === "no") location.reload();
  });
}

const watch = setInterval(() => {
  if (Date.now() - heard > SILENCE) {
    source.close();
    listen();
  }
}, 1000);
listen();
