// What a run takes, as two small pictures. The same numbers stand beside them as text.
const section = document.querySelector("#usage");
const { samples, limits } = JSON.parse(section.dataset.usage);
const WIDTH = 300, HEIGHT = 80, HEADROOM = 1.08;

function bytes(count) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 1024 && unit < 4; unit += 1) count /= 1024;
  return `${count.toFixed(1).replace(/\.0$/, "")} ${units[unit]}`;
}
const cores = (count) => `${Number(count.toFixed(1))} ${count === 1 ? "core" : "cores"}`;
const clock = (at, timeStyle) => new Date(at).toLocaleTimeString(undefined, { timeStyle });
const highest = (of) => Math.max(...samples.map((sample) => sample[of]));

function element(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
function html(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

class Chart {
  constructor(title, of, limit, words) {
    Object.assign(this, { title, of, limit, words });
    this.area = element("path", { class: "area" });
    this.line = element("path", { class: "line" });
    const y = HEIGHT - HEIGHT / HEADROOM;
    const most = element("path", { class: "limit", d: `M0 ${y}H${WIDTH}` });
    this.picture = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      this.area, this.line, most);
    this.now = html("span", "now");
    this.from = html("span", "");
    this.to = html("span", "");
    const caption = html("figcaption", "", `${title} `);
    caption.append(this.now, html("span", "id", `dashed: the limit, ${words(limit)}`));
    const times = html("div", "times");
    times.append(this.from, this.to);
    this.figure = html("figure", "chart");
    this.figure.append(caption, this.picture, times);
    this.picture.addEventListener("pointermove", (event) => this.point(event));
    this.picture.addEventListener("pointerleave", () => this.draw());
  }

  place(sample) {
    const [first, last] = [Date.parse(samples[0].at), Date.parse(samples.at(-1).at)];
    const x = last > first ? (WIDTH * (Date.parse(sample.at) - first)) / (last - first) : WIDTH;
    const share = Math.min(sample[this.of] / this.limit, HEADROOM) / HEADROOM;
    return [x.toFixed(1), (HEIGHT * (1 - share)).toFixed(1)];
  }

  draw() {
    const places = samples.map((sample) => this.place(sample));
    if (places.length === 1) places.unshift(["0", places[0][1]]);
    const path = places.map(([x, y]) => `${x} ${y}`).join("L");
    this.line.setAttribute("d", `M${path}`);
    this.area.setAttribute("d", `M${places[0][0]} ${HEIGHT}L${path}V${HEIGHT}Z`);
    this.now.textContent = this.words(samples.at(-1)[this.of]);
    const [first, last] = [samples[0].at, samples.at(-1).at];
    const style = Date.parse(last) - Date.parse(first) < 10 * 60_000 ? "medium" : "short";
    [this.from.textContent, this.to.textContent] = [clock(first, style), clock(last, style)];
    this.picture.setAttribute("aria-label", `${this.title} over time: ${this.now.textContent} at the end, ` +
      `at most ${this.words(highest(this.of))}, of ${this.words(this.limit)}`);
  }

  // What was taken at the moment that the pointer is over.
  point(event) {
    const box = this.picture.getBoundingClientRect();
    const x = (WIDTH * (event.clientX - box.left)) / box.width;
    const near = samples.reduce((best, sample) =>
      Math.abs(this.place(sample)[0] - x) < Math.abs(this.place(best)[0] - x) ? sample : best);
    this.now.textContent = `${this.words(near[this.of])} at ${clock(near.at, "medium")}`;
  }
}

const charts = [
  new Chart("Memory", "memory_bytes", limits.memory_bytes, bytes),
  new Chart("CPU", "cpus", limits.cpus, cores),
];

function draw() {
  if (!samples.length) return;
  if (section.hidden || !section.querySelector(".chart")) {
    section.hidden = false;
    section.querySelector(".charts").append(...charts.map((chart) => chart.figure));
  }
  for (const chart of charts) chart.draw();
}

// Another attempt has begun where this is not the one that is shown: it has a picture of its own.
let shown = section.dataset.attempt;
export function of(attempt) {
  if (shown === String(attempt)) return;
  shown = String(attempt);
  samples.length = 0;
  section.hidden = true;
}

// A sample that came while the page was open.
export function add(sample) {
  if (samples.length && Date.parse(sample.at) <= Date.parse(samples.at(-1).at)) return;
  samples.push(sample);
  section.querySelector('[data-field="usage"]').textContent =
    `CPU ${sample.cpus.toFixed(1)} of ${limits.cpus} · ` +
    `memory ${bytes(sample.memory_bytes)} of ${bytes(limits.memory_bytes)} (at most ${bytes(highest("memory_bytes"))}) · ` +
    `files ${bytes(sample.disk_bytes)} of ${bytes(limits.disk_bytes)}`;
  draw();
}
draw();
