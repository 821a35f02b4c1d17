// A proxy that was started anew knows no way until the hub has told it, within seconds, its own last (nightdesk_hub/proxy.py).
// With that each address has a way. So where there is none, nobody can say yet whether something is there: not 404.
import { ConfigurableProxy } from "configurable-http-proxy";

const SECONDS = 2; // the hub looks as often
const [MESSAGE, HINT] = ["Nightdesk is starting", "Try again in a few seconds."];
const WORDS = JSON.stringify({ error: { code: "unavailable", message: MESSAGE, hint: HINT } });
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
  "Retry-After": String(SECONDS),
  "X-Content-Type-Options": "nosniff",
};

// What was sent is not sent again by itself.
const page = (again) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${again ? `<meta http-equiv="refresh" content="${SECONDS}">\n` : ""}<title>${MESSAGE}</title>
<h1>${MESSAGE}</h1>
<p>${again ? "This page loads again by itself." : "Nothing was done. Go back, and send it again in a few seconds."}</p>
</html>
`;

const { handleProxyError } = ConfigurableProxy.prototype;

ConfigurableProxy.prototype.handleProxyError = function (code, kind, request, answer, ...rest) {
  if (code !== 404) return handleProxyError.call(this, code, kind, request, answer, ...rest);
  if (kind === "ws") return answer.end(`HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: ${SECONDS}\r\n\r\n`);
  const html = (request.headers.accept ?? "").includes("text/html");
  answer.writeHead(503, { ...HEADERS, "Content-Type": html ? "text/html; charset=utf-8" : "application/json" });
  answer.end(html ? page(["GET", "HEAD"].includes(request.method)) : WORDS);
};
