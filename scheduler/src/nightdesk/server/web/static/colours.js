// Printed text in its colours: of all that drives a terminal the server lets only these through. Each
// becomes one of six hues that can be read on our background, whatever shade the code asked for.
const HUES = ["red", "yellow", "green", "cyan", "blue", "magenta"];
const BASIC = [null, "red", "green", "yellow", "blue", "magenta", "cyan", null];
const SEQUENCE = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]/;

function hue(red, green, blue) {
  const most = Math.max(red, green, blue), spread = most - Math.min(red, green, blue);
  if (!(spread >= 48)) return null;
  const sixth = most === red ? (green - blue) / spread
    : most === green ? 2 + (blue - red) / spread : 4 + (red - green) / spread;
  return HUES[(Math.round(sixth) + 6) % 6];
}

function ofPalette(number) {
  if (!(number >= 16)) return BASIC[number % 8] ?? null;
  if (number >= 232) return null;
  const level = (part) => (part ? 55 + part * 40 : 0);
  const rest = number - 16;
  return hue(level(Math.floor(rest / 36)), level(Math.floor(rest / 6) % 6), level(rest % 6));
}

export class Colours {
  // What holds for text that comes next; a colour goes on until another one is chosen.
  #now = { ink: null, ground: null, bold: false };

  // The text in parts, each with the names of its classes.
  *parts(text) {
    const pieces = text.split(SEQUENCE);
    for (let at = 0; at < pieces.length; at += 2) {
      if (pieces[at]) yield [pieces[at], this.#classes()];
      if (pieces[at + 1] !== undefined) this.#choose(pieces[at + 1].split(/[;:]/).map(Number));
    }
  }

  #classes() {
    const { ink, ground, bold } = this.#now;
    return [ink && `ink-${ink}`, ground && `ground-${ground}`, bold && "bold"].filter(Boolean).join(" ");
  }

  #choose(codes) {
    const now = this.#now;
    while (codes.length) {
      const code = codes.shift();
      if (code === 0) Object.assign(now, { ink: null, ground: null, bold: false });
      else if (code === 1) now.bold = true;
      else if (code === 22) now.bold = false;
      else if (code === 38 || code === 48) {
        const kind = codes.shift();
        const found = kind === 5 ? ofPalette(codes.shift()) : kind === 2 ? hue(...codes.splice(0, 3)) : null;
        now[code === 38 ? "ink" : "ground"] = found;
      } else if (code === 39) now.ink = null;
      else if (code === 49) now.ground = null;
      else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) now.ink = BASIC[code % 10];
      else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) now.ground = BASIC[code % 10];
    }
  }
}
