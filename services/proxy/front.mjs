// Where the service `tls` stands in front, whoever it names is the one who is asking, and asks over TLS. Nobody
// else's word is taken for that: people's sessions reach this port as well.
import { lookup } from "node:dns/promises";
import { Server } from "node:http";

const LOOK_MILLISECONDS = 2000;
const PEER = Symbol("peer");
let fronts = new Set();

async function look() {
  try {
    fronts = new Set((await lookup("tls", { all: true })).map(({ address }) => address));
  } catch {
    fronts = new Set(); // it does not run
  }
}

function set(socket, name, value) {
  Object.defineProperty(socket, name, { value, configurable: true });
}

if ((process.env.NIGHTDESK_TLS || "off") !== "off") {
  await look();
  setInterval(look, LOOK_MILLISECONDS).unref();
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (event, request, ...rest) {
    if (event === "request" || event === "upgrade") {
      const { socket, headers } = request;
      socket[PEER] ??= socket.remoteAddress;
      const asking = headers["x-forwarded-for"];
      if (fronts.has(socket[PEER]) && asking) {
        set(socket, "remoteAddress", asking);
        set(socket, "encrypted", true);
        for (const name of ["for", "proto", "port", "host"]) delete headers[`x-forwarded-${name}`];
      }
    }
    return emit.call(this, event, request, ...rest);
  };
}
