// The part of the form with the files that go along: the folder beside the notebook, and what of it stays.

import { element } from "./dom";
import { Refusal, type Server } from "./server";
import { bytes } from "./words";

const PAUSE = 400; // milliseconds after the last key before the folder is looked through again
const COPY = "A copy as it is now; the run does not see your home. /shared is there anyway.";
const LIVE = "The folder as it is each time, with all that is in it.";

export class FilesPart {
  readonly node: HTMLElement;
  ignoredAlways: string[] = [];
  private readonly along: HTMLInputElement;
  private readonly ignore: HTMLTextAreaElement;
  private readonly size = element("p", { role: "status" });
  private readonly always = element("p", { class: "nightdesk-quiet" });
  private readonly details: HTMLElement;
  private readonly copyWords: HTMLElement;
  private isLive = false;
  private looked = false;
  private asked = 0;
  private timer = 0;

  constructor(
    id: string,
    private readonly server: Server,
    private readonly path: string,
  ) {
    const parent = path.split("/").slice(0, -1).pop();
    const where = parent ? `the folder “${parent}”` : "everything in your home";
    this.along = element("input", { id: `${id}-along`, type: "checkbox" });
    this.ignore = element("textarea", { id: `${id}-ignore`, rows: "3", class: "jp-mod-styled", spellcheck: "false", placeholder: "*.csv\ndata/" });
    this.details = element(
      "div",
      { hidden: true },
      this.size,
      element("label", { for: this.ignore.id }, "Leave out (a pattern a line, as in .gitignore; kept in .nightdeskignore)"),
      this.ignore,
      this.always,
    );
    this.copyWords = element("p", { class: "nightdesk-quiet" }, COPY);
    this.node = element(
      "fieldset",
      {},
      element("legend", {}, "Files"),
      element("div", { class: "nightdesk-check" }, this.along, element("label", { for: this.along.id }, `Take along ${where}`)),
      this.copyWords,
      this.details,
    );
    this.along.addEventListener("change", () => {
      this.details.hidden = this.isLive || !this.along.checked;
      if (this.along.checked) void this.look();
    });
    this.ignore.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.look(), PAUSE);
    });
  }

  /** Whether the file is read from the home each time: then the folder is as well, and nothing is sent now. */
  live(is: boolean): void {
    this.isLive = is;
    this.copyWords.textContent = is ? LIVE : COPY;
    this.details.hidden = is || !this.along.checked;
  }

  values(): Record<string, unknown> {
    if (!this.along.checked) return {};
    if (this.isLive) return { files: true };
    return this.looked ? { files: true, ignore: this.ignore.value } : { files: true };
  }

  private async look(): Promise<void> {
    const mine = (this.asked += 1);
    this.size.textContent = "Counting …";
    try {
      const seen = await this.server.folder(this.path, this.looked ? this.ignore.value : undefined);
      if (mine !== this.asked) return;
      if (!this.looked) this.ignore.value = seen.ignore;
      this.looked = true;
      const more = seen.whole ? "" : "more than ";
      this.size.textContent = `${more}${seen.files} ${seen.files === 1 ? "file" : "files"}, ${more}${bytes(seen.bytes)} before packing.`;
      if (seen.skipped.length) this.size.textContent += ` Cannot go along: ${seen.skipped.join("; ")}.`;
      this.always.textContent = `Always left out: ${this.ignoredAlways.join(", ")}.`;
    } catch (error) {
      if (mine !== this.asked) return;
      const refusal = error instanceof Refusal ? error : null;
      this.size.textContent = [refusal?.message ?? String(error), refusal?.hint].filter(Boolean).join(". ");
    }
  }
}
