// Node reads 64 KB at a time, which costs more than half of what a large download takes. What fills that is read
// in larger pieces from then on; whoever says little shares one buffer between many reads.
import { Agent } from "node:http";
import { connect } from "node:net";

const LEAST = 64 * 1024;
const MOST = 1024 * 1024;

Agent.prototype.createConnection = (options) => {
  let size = LEAST;
  let room = Buffer.allocUnsafeSlow(size);
  const socket = connect({
    ...options,
    onread: {
      buffer() {
        if (room.length < LEAST / 4) room = Buffer.allocUnsafeSlow(size);
        return room;
      },
      callback(read, buffer) {
        if (read === buffer.length && read >= LEAST) size = Math.min(size * 4, MOST);
        room = buffer.subarray(read);
        return socket.push(buffer.subarray(0, read));
      },
    },
  });
  return socket;
};
