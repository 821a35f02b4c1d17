import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, fieldOf } from "../src/fields";
import type { Parameter } from "../src/types";

const parameter = (more: Partial<Parameter>): Parameter => ({
  name: "x",
  types: ["int"],
  optional: false,
  default: 1,
  computed: false,
  help: "",
  ...more,
});

test("a default is shown as it would be typed", () => {
  assert.equal(fieldOf(parameter({ default: 2026 })).initial, "2026");
  assert.equal(fieldOf(parameter({ types: ["str"], default: "north" })).initial, "north");
  assert.equal(fieldOf(parameter({ types: ["list"], default: ["a", 1] })).initial, '["a",1]');
  assert.equal(fieldOf(parameter({ types: [], optional: true, default: null })).initial, "null");
});

test("a computed default is left to the notebook", () => {
  const field = fieldOf(parameter({ types: ["bool"], computed: true, default: null }));
  assert.deepEqual([field.initial, field.choices], ["", ["", "true", "false"]]);
});

test("yes or no is chosen, and null where that may be", () => {
  assert.deepEqual(fieldOf(parameter({ types: ["bool"], default: true })).choices, ["true", "false"]);
  assert.deepEqual(fieldOf(parameter({ types: ["bool"], default: true, optional: true })).choices, ["true", "false", "null"]);
});

test("what was left alone is not sent", () => {
  const known = [parameter({ name: "year", default: 2026 }), parameter({ name: "region", types: ["str"], default: "north" })];
  const typed = new Map([["year", "2025"], ["region", "north"], ["unknown", "1"]]);
  assert.deepEqual(changed(known, typed), { year: "2025" });
  assert.deepEqual(changed(known, new Map([["region", ""]])), { region: "" });
});
