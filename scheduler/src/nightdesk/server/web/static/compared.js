// A metric over the runs of a name: against the time, or against a parameter. The table has the same numbers.
import { element, html, number } from "./picture.js";

const section = document.querySelector("#compared");
const { runs, metrics, parameters } = JSON.parse(section.dataset.found);
const WIDTH = 640, HEIGHT = 240, LEFT = 10, TOP = 12;
const [what, against] = section.querySelectorAll("select");
const figure = section.querySelector("figure");
const TIME = "\u0000time";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const numeric = parameters.filter((name) => runs.some((run) => isNumber(run.parameters[name])));
what.append(...metrics.map((name) => new Option(name, name)));
against.append(new Option("time", TIME), ...numeric.map((name) => new Option(name, name)));

const day = (at) => new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

function draw() {
  const timely = against.value === TIME;
  const of = (run) => (timely ? Date.parse(run.created_at) : run.parameters[against.value]);
  const words = (run) => (timely ? day(run.created_at) : `${against.value} ${run.parameters[against.value]}`);
  const drawn = runs.filter((run) => isNumber(run.metrics[what.value]) && isNumber(of(run)))
    .sort((one, other) => of(one) - of(other));
  figure.hidden = drawn.length === 0;
  if (!drawn.length) return;
  const [xs, ys] = [drawn.map(of), drawn.map((run) => run.metrics[what.value])];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const place = (run) => [
    right > left ? LEFT + ((WIDTH - 2 * LEFT) * (of(run) - left)) / (right - left) : WIDTH / 2,
    high > low ? HEIGHT - TOP - ((HEIGHT - 2 * TOP) * (run.metrics[what.value] - low)) / (high - low) : HEIGHT / 2,
  ].map((at) => at.toFixed(1));
  const path = drawn.map((run) => place(run).join(" ")).join("L");
  const marks = drawn.map((run) => {
    const [cx, cy] = place(run);
    const words_ = `${what.value} ${number(run.metrics[what.value])}, ${words(run)}, ${run.status}`;
    const dot = element("circle", { cx, cy, r: 5, class: run.status === "succeeded" ? "dot" : "dot other" });
    const link = element("a", { href: `${section.dataset.base}/runs/${run.id}`, "aria-label": words_ }, dot);
    const title = element("title");
    title.textContent = words_;
    link.append(title);
    return link;
  });
  const picture = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group",
    "aria-label": `${what.value} against ${timely ? "time" : against.value}: ${drawn.length} runs, from ${number(low)} to ${number(high)}` },
    ...(timely && drawn.length > 1 ? [element("path", { class: "line", d: `M${path}` })] : []), ...marks);
  const caption = html("figcaption", "", what.value);
  caption.append(html("span", "id", high > low ? `from ${number(low)} (bottom) to ${number(high)} (top)` : `always ${number(low)}`));
  const ends = html("div", "times");
  ends.append(html("span", "", words(drawn[0])), html("span", "", drawn.length > 1 ? words(drawn.at(-1)) : ""));
  figure.replaceChildren(caption, picture, ends);
}
for (const choice of [what, against]) choice.addEventListener("change", draw);
if (metrics.length) {
  section.querySelector(".filters").hidden = false;
  draw();
}
