// An address that nobody can read is the asker's mistake. The proxy itself would answer it with a fault
// of its own (500) and write a stack trace into the log for each.
import { Server } from "node:http";

const WORDS = JSON.stringify({
  error: { code: "refused", message: "this is no address: its % signs stand for no text", hint: null },
});
const emit = Server.prototype.emit;

function readable(url) {
  try {
    decodeURIComponent(new URL(url, "http://example.com").pathname);
    return true;
  } catch {
    return false;
  }
}

Server.prototype.emit = function (event, request, ...rest) {
  if ((event !== "request" && event !== "upgrade") || readable(request.url)) {
    return emit.call(this, event, request, ...rest);
  }
  const [answer] = rest;
  if (event === "upgrade") answer.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  else answer.writeHead(400, { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" }).end(WORDS);
  return true;
};
