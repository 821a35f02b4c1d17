// The notebook of a run that goes on: told by the run's events that there is news, it is loaded anew while somebody looks,
// and not while they read in it. The new one is loaded behind the old one, so that nothing flickers.
const section = document.querySelector("#so-far");
const follow = section?.querySelector("input");
const SAVED = 2500; // milliseconds after which the runner has saved what is new
const REST = 4000;
let frame = section?.querySelector("iframe");
let at = "", news = false, inSight = false, loading = false, timer = 0, last = 0;

function reading() {
  return frame.matches(":hover") || document.activeElement === frame;
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
  next.addEventListener("load", () => {
    frame.remove();
    next.classList.remove("behind");
    watch(next);
    loading = false;
    soon();
  }, { once: true });
  frame.after(next);
}

function watch(one) {
  frame = one;
  for (const leaves of ["mouseleave", "blur"]) frame.addEventListener(leaves, soon);
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
  news = true;
  soon();
}

if (section) {
  watch(frame);
  follow.addEventListener("change", soon);
  document.addEventListener("visibilitychange", soon);
  new IntersectionObserver((seen) => { inSight = seen.at(-1).isIntersecting; soon(); }).observe(section);
}
