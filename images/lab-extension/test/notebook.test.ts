import assert from "node:assert/strict";
import { test } from "node:test";

import { asServed } from "../src/notebook";

test("texts in lines become whole, lists of JSON stay lists, and a file's word on its trust goes", () => {
  const cell = {
    source: ["a = 1\n", "a"],
    metadata: { trusted: true, tags: ["x"] },
    outputs: [
      { text: ["one\n", "two\n"] },
      { data: { "text/html": ["<p>", "</p>"], "application/json": [1, 2], "application/vnd.x+json": ["a"] } },
    ],
  };
  assert.deepEqual(asServed({ cells: [cell] }), {
    cells: [
      {
        source: "a = 1\na",
        metadata: { tags: ["x"] },
        outputs: [
          { text: "one\ntwo\n" },
          { data: { "text/html": "<p></p>", "application/json": [1, 2], "application/vnd.x+json": ["a"] } },
        ],
      },
    ],
  });
});
