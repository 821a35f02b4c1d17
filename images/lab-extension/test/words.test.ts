import assert from "node:assert/strict";
import { test } from "node:test";

import type { Run } from "../src/types";
import { bytes, duration, seconds, story } from "../src/words";

const run = (more: Partial<Run>): Run =>
  ({ status: "running", reason: null, waiting: null, started_at: null, finished_at: null, progress: null, ...more }) as Run;

test("a time limit is read as people write it", () => {
  assert.equal(seconds("90m"), 5400);
  assert.equal(seconds(" 1h 30m "), 5400);
  assert.equal(seconds("1h30m"), 5400);
  assert.equal(seconds("45"), 2700);
  assert.equal(seconds("1.5h"), 5400);
  for (const wrong of ["soon", "1x", "h", "", "-5m", "1h and 5m"]) assert.equal(seconds(wrong), null, wrong);
});

test("durations and sizes are short", () => {
  assert.deepEqual([duration(59), duration(60), duration(3700), duration(-3)], ["59s", "1m", "1h 1m", "0s"]);
  assert.deepEqual([bytes(0), bytes(999), bytes(1500), bytes(24_000_000)], ["0 B", "999 B", "1.5 kB", "24 MB"]);
});

test("a run says where it is", () => {
  const started_at = "2026-11-22T10:00:00Z";
  const now = Date.parse("2026-11-22T10:01:00Z");
  assert.equal(story(run({ status: "queued", waiting: "behind 2 others" }), now), "behind 2 others");
  assert.equal(story(run({ started_at, progress: { cell: 3, cells: 9 } }), now), "cell 3 of 9 · 1m");
  assert.equal(story(run({ started_at, progress: { cell: 0, cells: 0 } }), now), "running · 1m");
  assert.equal(story(run({ status: "failed", reason: "out of memory." }), now), "out of memory");
  assert.equal(story(run({ status: "succeeded", started_at, finished_at: "2026-11-22T10:00:42Z" }), now), "took 42s");
});
