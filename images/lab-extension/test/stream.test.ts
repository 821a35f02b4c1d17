import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, read } from "../src/stream";

test("an event counts once it is whole", () => {
  const { events, rest } = parse('event: run\ndata: {"id":1}\n\nevent: run\ndata: {"i');
  assert.deepEqual(events, [{ kind: "run", data: { id: 1 } }]);
  assert.equal(rest, 'event: run\ndata: {"i');
});

test("events come out however the bytes were cut", async () => {
  const bytes = new TextEncoder().encode('event: run\ndata: {"name":"größe 🌙"}\n\nevent: ping\ndata: {}\n\n');
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const seen: unknown[] = [];
    await read(body, (event) => seen.push(event));
    assert.deepEqual(seen, [{ kind: "run", data: { name: "größe 🌙" } }, { kind: "ping", data: {} }]);
  }
});
