// The notebook of a run that goes on: told by the run's events that there is news, it is loaded anew while somebody looks,
// and not while they are in it. The new one is loaded behind the old one, so that nothing flickers.
const section = document.querySelector("#so-far");
const follow = section?.querySelector("input");
const SAVED = 2500; // milliseconds after which the runner has saved what is new
const REST = 4000;
const LATE = 15000; // what was shown may have been made so long ago
let frame = section?.querySelector("iframe");
let at = "", news = false, inSight = false, loading = false, timer = 0, late = 0, last = 0;

function reading() {
  return document.activeElement === frame;
}

function soon() {
  if (news && !timer) timer = setTimeout(look, Math.max(SAVED, last + REST - Date.now()));
}

function look() {
  timer = 0;
  if (!news || loading || !inSight || document.hidden || !follow.checked || reading()) return;
  news = false;
  loading = true;
  last = Date.now();
  const next = frame.cloneNode();
  next.loading = "eager";
  next.classList.add("behind");
  next.tabIndex = -1;
  next.addEventListener("load", () => {
    frame.remove();
    next.classList.remove("behind");
    next.removeAttribute("tabindex");
    frame = next;
    loading = false;
    soon();
  }, { once: true });
  frame.after(next);
}

// Told of each change of the run, and of what it prints.
export function moved(run) {
  if (!section) return;
  section.hidden = run.status !== "running";
  const now = `${run.attempt} ${run.progress.cell}`;
  const first = at === "";
  if (now === at) return;
  at = now;
  if (!first) printed();
}

export function printed() {
  if (!section) return;
  clearTimeout(late);
  late = setTimeout(again, LATE);
  again();
}

function again() {
  news = true;
  soon();
}

if (section) {
  window.addEventListener("focus", soon); // out of the frame again
  follow.addEventListener("change", soon);
  document.addEventListener("visibilitychange", soon);
  new IntersectionObserver((seen) => { inSight = seen.at(-1).isIntersecting; soon(); }).observe(section);
}
