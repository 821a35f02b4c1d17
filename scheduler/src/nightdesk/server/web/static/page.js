// Times in the reader's own zone, durations in words: as wording.py says them where no script runs.
export function took(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  for (const [big, small, size, part] of [["d", "h", 86400, 3600], ["h", "min", 3600, 60], ["min", "s", 60, 1]]) {
    if (whole >= size) return `${Math.floor(whole / size)} ${big} ${Math.floor((whole % size) / part)} ${small}`;
  }
  return `${whole} s`;
}
export function left(elapsed, expected) {
  const rest = expected - elapsed;
  if (rest < -Math.max(2, expected / 10)) return `longer than usual (${took(expected)})`;
  if (rest < 10) return "a few seconds left";
  if (rest < 55) return `about ${Math.round(rest / 10) * 10} s left`;
  if (rest < 3570) return `about ${Math.max(1, Math.round(rest / 60))} min left`;
  const halves = Math.round(rest / 1800);
  return `about ${Math.floor(halves / 2)}${halves % 2 ? "½" : ""} h left`;
}

// What is going on carries the seconds that the platform has counted; from then on they are counted here,
// on a clock that nobody sets.
const since = new WeakMap();
export function count(place, elapsed) {
  place.dataset.elapsed = elapsed;
  since.set(place, performance.now());
}
function elapsedOf(place) {
  if (!since.has(place)) since.set(place, performance.now());
  return Number(place.dataset.elapsed) + (performance.now() - since.get(place)) / 1000;
}
export function refresh(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const style = time.dataset.style === "seconds" ? "medium" : "short";
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: style });
    time.title = time.dateTime;
  }
  tick(root);
}
export function tick(root = document) {
  for (const place of root.querySelectorAll("[data-elapsed]")) {
    if (place.dataset.elapsed === "") continue;
    const elapsed = elapsedOf(place);
    const [spent, rest] = [place.querySelector(".spent"), place.querySelector(".left")];
    if (spent) spent.textContent = elapsed < 10 ? `${Math.floor(elapsed)} s` : took(elapsed);
    if (rest) rest.textContent = place.dataset.expected ? left(elapsed, Number(place.dataset.expected)) : "";
  }
}
refresh();
