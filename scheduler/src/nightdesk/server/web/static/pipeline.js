// One pipeline, live: at each news of it the picture and the table are taken from the page as the server renders it now.
import { refresh } from "./page.js";

const article = document.querySelector("#pipeline");
const SILENCE = 16000; // the server says something every five seconds
const SOON = 150; // news that come together are one look
let heard = Date.now();
let source;
let due;

async function look() {
  due = undefined;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of ["#live", "#buttons"]) swap(part, page);
    document.title = page.title;
    refresh(article);
  } catch {
    // The platform is away for the moment: the next news bring another look.
  }
}

function swap(part, page) {
  const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
  if (!old || !fresh || old.innerHTML === fresh.innerHTML) return;
  const held = old.contains(document.activeElement) ? document.activeElement.id : "";
  const says = old.querySelector("#says"); // stays, so that what changes in it is read out
  const place = fresh.querySelector("#says");
  const words = place?.textContent;
  old.replaceWith(document.adoptNode(fresh));
  if (says && place) {
    place.replaceWith(says);
    if (says.textContent !== words) says.textContent = words;
  }
  if (held) document.getElementById(held)?.focus();
}

function news() {
  heard = Date.now();
  due ??= setTimeout(look, SOON);
}

function listen() {
  heard = Date.now();
  source = new EventSource(article.dataset.events);
  source.addEventListener("ping", () => { heard = Date.now(); });
  source.addEventListener("pipeline", news);
  source.addEventListener("end", () => {
    source.close();
    clearInterval(watch);
    news();
  });
}

let watch;
if (article.dataset.final === "no") {
  watch = setInterval(() => {
    if (Date.now() - heard > SILENCE) {
      source.close();
      listen();
    }
  }, 1000);
  listen();
}
