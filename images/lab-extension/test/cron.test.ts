import assert from "node:assert/strict";
import { test } from "node:test";

import { isZone, lineOf, moment, wordsOf, type Timing } from "../src/cron";

const timing = (more: Partial<Timing>): Timing => ({ repeat: "day", time: "06:30", day: "FRI", date: "L", ...more });
const ALL: [Partial<Timing>, string, string][] = [
  [{ repeat: "hour", time: "00:05" }, "5 * * * *", "every hour, 5 min past"],
  [{ repeat: "day" }, "30 6 * * *", "every day at 06:30"],
  [{ repeat: "weekday" }, "30 6 * * MON-FRI", "every weekday at 06:30"],
  [{ repeat: "week", time: "23:00" }, "0 23 * * FRI", "every Friday at 23:00"],
  [{ repeat: "month" }, "30 6 L * *", "on each month's last day at 06:30"],
  [{ repeat: "month", date: "15" }, "30 6 15 * *", "on day 15 of each month at 06:30"],
];

test("each common choice is a line, and the line has words", () => {
  for (const [chosen, line, words] of ALL) {
    assert.equal(lineOf(timing(chosen)), line);
    assert.equal(wordsOf(line), words);
  }
});

test("without a time there is no line", () => {
  for (const time of ["", "soon", "24:00", "00:60", "00:7x", "00:"]) assert.equal(lineOf(timing({ time })), null, time);
  assert.equal(lineOf(timing({ repeat: "cron" })), null);
});

test("what is no common choice has no words of ours", () => {
  for (const line of ["*/15 * * * *", "30 6 1 * MON", "0 6 * 1 *", "@daily", "30 6 * * MON#1", "* * * * *", "* 6 * * *", ""]) {
    assert.equal(wordsOf(line), null, line);
  }
});

test("a moment is shown by the clocks of its zone", () => {
  assert.equal(moment("2026-11-30T05:30:00Z", "Europe/Berlin"), "Mon 30 Nov 2026, 06:30");
  assert.equal(moment("2026-11-30T05:30:00Z", "Europe/Berlin", false), "Mon 30 Nov, 06:30");
  assert.equal(moment("2026-11-30T23:00:00Z", "Europe/Berlin"), "Tue 1 Dec 2026, 00:00");
  assert.deepEqual(["Europe/Berlin", "UTC", "Mars/Base", ""].map(isZone), [true, true, false, false]);
});
