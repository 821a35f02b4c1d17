// What is large goes from the store to whoever asked past the api: that answers with the address of the bytes, of a file
// in the store or of an object in a bucket, and they are sent from here. Only the api is believed: what people's own
// servers answer nobody looks at. The other side of it: web/streaming.py.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const API = { hostname: "api", port: "8080" };
const HEADER = "x-nightdesk-body";
const STORE = "/store/";
const PIECE = 1024 * 1024;
const SENDER = fileURLToPath(new URL("send.py", import.meta.url));
const SENDER_LEAST = 64 * 1024 * 1024; // less is sent before it has started
const SENDERS = 16; // of some 10 MB each
const SILENCE_MILLISECONDS = 60_000;
const request = http.request;
const done = () => {}; // what breaks off is a broken line to whoever receives it
let senders = 0;

// A process that has the kernel send: what Node reads and writes costs three times as much. Whether it did.
async function sender(opened, start, end, receiver) {
  const { socket } = receiver;
  if (end - start < SENDER_LEAST || senders >= SENDERS || !socket) return false;
  receiver.flushHeaders();
  if (socket.writableLength) return false;
  const { fd } = socket._handle; // given the socket itself, Node would read no more from it
  const stdio = ["ignore", "ignore", "inherit", fd, opened.fd];
  const child = spawn("python3", ["-I", "-S", SENDER, String(start), String(end)], { stdio });
  const gone = () => child.kill();
  socket.once("close", gone);
  senders += 1;
  try {
    const [code] = await once(child, "exit").catch((error) => [error]);
    if (child.pid === undefined) return false; // it could not be started
    if (code !== 0) throw new Error("broken off");
  } finally {
    senders -= 1;
    socket.off("close", gone);
  }
  receiver.end();
  return true;
}

async function file(place, start, end, receiver) {
  const path = fileURLToPath(place);
  if (!path.startsWith(STORE)) return false;
  const opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (!opened) return false;
  try {
    if (await sender(opened, start, end, receiver)) return true;
    await pipeline(opened.createReadStream({ start, end: end - 1, highWaterMark: PIECE, autoClose: false }), receiver);
    return true;
  } finally {
    await opened.close();
  }
}

async function object(place, start, end, receiver) {
  const answer = await asked(place, start, end).catch(() => undefined);
  if (!answer) return false;
  await pipeline(answer, receiver);
  return true;
}

function asked(place, start, end) {
  const { get } = place.protocol === "https:" ? https : http;
  const options = { headers: { Range: `bytes=${start}-${end - 1}` }, timeout: SILENCE_MILLISECONDS };
  return new Promise((resolve, reject) => {
    const asking = get(place, options, (answer) => {
      const whole = answer.statusCode === 206 && Number(answer.headers["content-length"]) === end - start;
      if (whole) resolve(answer);
      else asking.destroy(new Error(`the bucket answers ${answer.statusCode}`));
    });
    asking.on("timeout", () => asking.destroy(new Error("the bucket is silent")));
    asking.on("error", reject);
  });
}

async function send(place, start, end, receiver, options) {
  try {
    const way = place.protocol === "file:" ? file : object;
    if (!(await way(place, start, end, receiver))) fromApi(options, receiver);
  } catch {
    receiver.destroy();
  }
}

// Out of reach from here: the api sends it itself, or says what is wrong.
function fromApi(options, receiver) {
  const { [HEADER]: _, ...headers } = options.headers;
  const asking = request.call(http, { ...options, headers }, (answer) => {
    for (const name of receiver.getHeaderNames()) receiver.removeHeader(name);
    receiver.writeHead(answer.statusCode, answer.headers);
    pipeline(answer, receiver).catch(done);
  });
  asking.on("error", () => receiver.destroy());
  asking.end();
}

http.request = function (options, ...rest) {
  if (options.hostname !== API.hostname || String(options.port) !== API.port) return request.call(this, options, ...rest);
  const asked = request.call(this, { ...options, headers: { ...options.headers, [HEADER]: "apart" } }, ...rest);
  asked.prependListener("response", (answer) => {
    const said = answer.headers[HEADER];
    if (!said) return;
    const place = new URL(said);
    const [start, end] = place.hash.slice(1).split("-").map(Number);
    place.hash = "";
    delete answer.headers[HEADER];
    answer.headers["content-length"] = String(end - start);
    answer.pipe = (receiver) => {
      answer.resume();
      send(place, start, end, receiver, options);
      return receiver;
    };
  });
  return asked;
};
