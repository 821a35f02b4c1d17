// What is large goes from the store to whoever asked past the api: that answers with the address of the bytes, of a file
// in the store or of an object in a bucket, and they are sent from here. Only the api is believed: what people's own
// servers answer nobody looks at. The other side of it: web/streaming.py.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";

const API = { hostname: "api", port: "8080" };
const HEADER = "x-nightdesk-body";
const STORE = "/store/";
const PIECE = 1024 * 1024;
const SILENCE_MILLISECONDS = 60_000;
const request = http.request;
const done = () => {}; // what breaks off is a broken line to whoever receives it

async function file(place, start, end) {
  const path = fileURLToPath(place);
  if (!path.startsWith(STORE)) throw new Error("no file of the store");
  const opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  return (receiver) => pump(opened, start, end, receiver);
}

// In memory that is used again: a stream takes new memory for each piece, and that is half of what sending costs.
async function pump(opened, start, end, receiver) {
  const rooms = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
  let taken = Promise.resolve();
  try {
    for (let at = start, turn = 0; at < end; turn = 1 - turn) {
      const { bytesRead } = await opened.read(rooms[turn], 0, Math.min(PIECE, end - at), at);
      if (!bytesRead) throw new Error("the file is shorter than it was");
      await taken;
      const piece = rooms[turn].subarray(0, bytesRead);
      taken = new Promise((resolve, reject) => receiver.write(piece, (error) => (error ? reject(error) : resolve())));
      taken.catch(done);
      at += bytesRead;
    }
    await taken;
    receiver.end();
  } catch {
    receiver.destroy();
  } finally {
    await opened.close();
  }
}

function object(place, start, end) {
  const { get } = place.protocol === "https:" ? https : http;
  const options = { headers: { Range: `bytes=${start}-${end - 1}` }, timeout: SILENCE_MILLISECONDS };
  return new Promise((resolve, reject) => {
    const asked = get(place, options, (answer) => {
      const whole = answer.statusCode === 206 && Number(answer.headers["content-length"]) === end - start;
      if (whole) resolve((receiver) => pipeline(answer, receiver, done));
      else asked.destroy(new Error(`the bucket answers ${answer.statusCode}`));
    });
    asked.on("timeout", () => asked.destroy(new Error("the bucket is silent")));
    asked.on("error", reject);
  });
}

async function send(place, start, end, receiver, options) {
  let sent;
  try {
    sent = await (place.protocol === "file:" ? file : object)(place, start, end);
  } catch {
    fromApi(options, receiver);
    return;
  }
  sent(receiver);
}

// Out of reach from here: the api sends it itself, or says what is wrong.
function fromApi(options, receiver) {
  const { [HEADER]: _, ...headers } = options.headers;
  const asked = request.call(http, { ...options, headers }, (answer) => {
    for (const name of receiver.getHeaderNames()) receiver.removeHeader(name);
    receiver.writeHead(answer.statusCode, answer.headers);
    pipeline(answer, receiver, done);
  });
  asked.on("error", () => receiver.destroy());
  asked.end();
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
