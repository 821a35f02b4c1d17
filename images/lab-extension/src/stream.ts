// Server-sent events out of a fetch: its answer says why where there is none, which an EventSource does not.

export interface ServerEvent {
  kind: string;
  data: unknown;
}

/** The whole events at the start of `text`, and what is left. */
export function parse(text: string): { events: ServerEvent[]; rest: string } {
  const parts = text.split("\n\n");
  const rest = parts.pop() ?? "";
  const events: ServerEvent[] = [];
  for (const part of parts) {
    let kind = "message";
    const data: string[] = [];
    for (const line of part.split("\n")) {
      if (line.startsWith("event: ")) kind = line.slice(7);
      else if (line.startsWith("data: ")) data.push(line.slice(6));
    }
    if (data.length) events.push({ kind, data: JSON.parse(data.join("\n")) });
  }
  return { events, rest };
}

/** Read a stream to its end. */
export async function read(body: ReadableStream<Uint8Array>, happened: (event: ServerEvent) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const { events, rest } = parse(text + decoder.decode(value, { stream: true }));
    text = rest;
    events.forEach(happened);
  }
}
