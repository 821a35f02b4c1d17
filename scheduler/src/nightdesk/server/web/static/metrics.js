// What a run measures of itself: a picture of each metric that has a course. The same numbers stand in the table.
import { element, html, number } from "./picture.js";

const section = document.querySelector("#metrics");
const WIDTH = 300, HEIGHT = 80, ROOM = 6, MOST = 2000;
const shown = new Map();
let { metrics, last, attempt } = JSON.parse(section.dataset.metrics);
let asking = false, again = false;

class Course {
  constructor(name) {
    this.points = [];
    this.area = element("path", { class: "area" });
    this.line = element("path", { class: "line" });
    this.picture = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      this.area, this.line);
    [this.now, this.range, this.from, this.to] = [html("span", "now"), html("span", "id"), html("span"), html("span")];
    const caption = html("figcaption", "", `${name} `);
    caption.append(this.now, this.range);
    const times = html("div", "times");
    times.append(this.from, this.to);
    this.figure = html("figure", "chart");
    this.figure.append(caption, this.picture, times);
    this.name = name;
    this.picture.addEventListener("pointermove", (event) => this.point(event));
    this.picture.addEventListener("pointerleave", () => this.draw());
  }

  // Steps that are missing are counted.
  x(place) { return this.points[place][0] ?? place + 1; }

  places() {
    const xs = this.points.map((_, place) => this.x(place));
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const values = this.points.map(([, value]) => value);
    [this.low, this.high] = [Math.min(...values), Math.max(...values)];
    const height = this.high - this.low;
    return this.points.map(([, value], place) => [
      right > left ? (WIDTH * (xs[place] - left)) / (right - left) : WIDTH,
      height > 0 ? HEIGHT - ROOM - ((HEIGHT - 2 * ROOM) * (value - this.low)) / height : HEIGHT / 2,
    ]);
  }

  draw() {
    const places = this.places();
    const path = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    this.line.setAttribute("d", `M${path}`);
    this.area.setAttribute("d", `M${places[0][0].toFixed(1)} ${HEIGHT}L${path}V${HEIGHT}Z`);
    this.now.textContent = number(this.points.at(-1)[1]);
    this.range.textContent = `${number(this.low)} to ${number(this.high)}`;
    const end = this.points.length - 1;
    [this.from.textContent, this.to.textContent] = [`step ${this.x(0)}`, `step ${this.x(end)}`];
    this.picture.setAttribute("aria-label",
      `${this.name} by step: ${this.now.textContent} at the end, between ${this.range.textContent}`);
  }

  // The value at the step that the pointer is over.
  point(event) {
    const box = this.picture.getBoundingClientRect();
    const x = (WIDTH * (event.clientX - box.left)) / box.width;
    const places = this.places();
    let near = 0;
    for (let place = 1; place < places.length; place += 1)
      if (Math.abs(places[place][0] - x) < Math.abs(places[near][0] - x)) near = place;
    this.now.textContent = `${number(this.points[near][1])} at step ${this.x(near)}`;
  }
}

function cell(text, label) {
  const made = html("td", "number", text);
  made.dataset.label = label;
  return made;
}

function draw(news) {
  section.hidden = metrics.length === 0;
  section.querySelector("tbody").replaceChildren(...metrics.map((metric) => {
    const row = html("tr");
    row.dataset.metric = metric.name;
    const name = html("td", "", metric.name);
    name.dataset.label = "Metric";
    row.append(name, cell(number(metric.value), "Last"), cell(metric.step ?? "–", "At step"), cell(number(metric.lowest), "Lowest"),
      cell(number(metric.highest), "Highest"), cell(String(metric.count), "Values"));
    return row;
  }));
  for (const metric of news) {
    const course = shown.get(metric.name) ?? new Course(metric.name);
    course.points.push(...metric.points);
    if (course.points.length > MOST) course.points = course.points.filter((_, place) => place % 2 === 0);
    shown.set(metric.name, course);
    if (course.points.length < 2) continue;
    if (!course.figure.isConnected) section.querySelector(".charts").append(course.figure);
    course.draw();
  }
}

// The server says how far the metrics of an attempt have come.
export function told(news) {
  if (news.attempt !== attempt) {
    [attempt, last] = [news.attempt, 0];
    for (const course of shown.values()) course.figure.remove();
    shown.clear();
  }
  if (news.last > last) renew();
}

// What came since.
async function renew() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(`${section.dataset.address}?attempt=${attempt}&after=${last}`);
    if (answer.ok) {
      const news = await answer.json();
      if (news.attempt === attempt) {
        ({ metrics, last } = news);
        draw(metrics);
      }
    }
  } finally {
    asking = false;
    if (again) {
      again = false;
      renew();
    }
  }
}
draw(metrics);
