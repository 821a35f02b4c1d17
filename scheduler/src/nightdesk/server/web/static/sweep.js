// A sweep, live: when the server tells of a change the page is asked for again, and what differs takes the place of what was.
import { refresh } from "./page.js";
import { element, html, number } from "./picture.js";

const EVERY = 1000; // milliseconds between two looks, however much happens
const WIDTH = 640, HEIGHT = 240, LEFT = 14, TOP = 14;
const root = document.querySelector("#sweep");
const figure = document.querySelector("#chart");
let found = JSON.parse(root.dataset.found);

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

// Where a value stands between the ends: by its size, by its digits where they span decades, or one beside the other.
function scale(values) {
  if (values.every(isNumber)) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const wide = low > 0 && high / low >= 50;
    const of = wide ? Math.log : (value) => value;
    return {
      at: (value) => (high > low ? (of(value) - of(low)) / (of(high) - of(low)) : 0.5),
      ends: [number(low), high > low ? number(high) : ""], words: wide ? "logarithmic" : "",
    };
  }
  const names = [...new Set(values.map(String))].sort();
  return { at: (value) => (names.length > 1 ? names.indexOf(String(value)) / (names.length - 1) : 0.5),
    ends: [names[0], names.length > 1 ? names.at(-1) : ""], words: names.length > 2 ? names.slice(1, -1).join(" · ") : "" };
}

function draw() {
  const { metric, members, best } = found;
  const against = document.querySelector("#against");
  if (!against || !metric) { figure.hidden = true; return; }
  against.closest("label").hidden = false;
  const name = against.value;
  const drawn = members.filter((each) => isNumber(each.metrics[metric]) && name in each.parameters);
  figure.hidden = drawn.length === 0;
  if (!drawn.length) return;
  const x = scale(drawn.map((each) => each.parameters[name]));
  const ys = drawn.map((each) => each.metrics[metric]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const marks = drawn.map((each) => {
    const value = each.metrics[metric];
    const cx = (LEFT + (WIDTH - 2 * LEFT) * x.at(each.parameters[name])).toFixed(1);
    const cy = (high > low ? HEIGHT - TOP - ((HEIGHT - 2 * TOP) * (value - low)) / (high - low) : HEIGHT / 2).toFixed(1);
    const words = `${each.place}: ${metric} ${number(value)}, ${Object.entries(each.parameters).map(([key, is]) => `${key}=${is}`).join(" ")}, ${each.status}`;
    const looks = ["dot", each.status === "failed" ? "other" : "", each.place === best ? "best" : ""].filter(Boolean).join(" ");
    const link = element("a", { href: `${root.dataset.base}/runs/${each.run}`, "aria-label": words },
      element("circle", { cx, cy, r: each.place === best ? 8 : 5, class: looks }));
    const title = element("title");
    title.textContent = words;
    link.append(title);
    return [each.place === best, link];
  }).sort(([one], [other]) => one - other).map(([, link]) => link); // the best lies on top
  const picture = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group",
    "aria-label": `${metric} against ${name}: ${drawn.length} runs, from ${number(low)} to ${number(high)}` }, ...marks);
  const caption = html("figcaption", "", `${metric} against ${name}`);
  caption.append(html("span", "id", high > low ? `from ${number(low)} (bottom) to ${number(high)} (top)` : `always ${number(low)}`));
  const ends = html("div", "times");
  ends.append(html("span", "", x.ends[0]), html("span", "", x.words), html("span", "", x.ends[1]));
  figure.replaceChildren(caption, picture, ends);
}

function swap(page, selector) {
  const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
  if (old && fresh && old.innerHTML !== fresh.innerHTML) { old.replaceWith(document.adoptNode(fresh)); refresh(fresh); }
}

function take(page) {
  const fresh = page.querySelector("#sweep");
  if (!fresh) return;
  const focused = document.activeElement?.id;
  const chosen = document.querySelector("#against")?.value;
  found = JSON.parse(fresh.dataset.found);
  for (const place of ["#counts", "#facts", "#choice", "#members thead"]) swap(page, place);
  const [rows, wanted] = ["tbody tr", "tbody tr"].map((part, which) => [...(which ? page : document).querySelectorAll(`#members ${part}`)]);
  if (rows.length !== wanted.length || rows.some((row, place) => row.id !== wanted[place].id)) {
    document.querySelector("#members tbody").replaceWith(document.adoptNode(page.querySelector("#members tbody")));
  } else {
    rows.forEach((row, place) => { if (row.outerHTML !== wanted[place].outerHTML) row.replaceWith(document.adoptNode(wanted[place])); });
  }
  const against = document.querySelector("#against");
  if (against && chosen) against.value = chosen;
  if (fresh.dataset.over === "yes") document.querySelector("#stop")?.remove();
  draw();
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

let busy = false, again = false;
async function look() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The platform is away for the moment: the next change looks again.
  }
  setTimeout(() => { busy = false; if (again) { again = false; look(); } }, EVERY);
}

// Sorting and choosing need no new page: the address changes, and the table with it.
root.addEventListener("click", (event) => {
  const link = event.target.closest("thead a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.href);
  look();
});
root.addEventListener("change", (event) => {
  if (event.target.id === "against") draw();
  if (event.target.id !== "metric" && event.target.id !== "goal") return;
  const wanted = new URL(location.href);
  for (const name of ["metric", "goal"]) wanted.searchParams.set(name, document.getElementById(name).value);
  history.replaceState(null, "", wanted);
  look();
});

if (root.dataset.over === "no") {
  const events = new EventSource(root.dataset.events);
  let first = true;
  events.addEventListener("sweep", () => { if (!first) look(); first = false; });
  events.addEventListener("end", () => { events.close(); look(); });
}
draw();
