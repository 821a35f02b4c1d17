// The executed notebooks of runs as files that Lab can open and nobody can change: a drive of its own.

import { Contents, type ServerConnection } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";

import { asServed, type Notebook } from "./notebook";
import type { Server } from "./server";
import type { Run } from "./types";

export const DRIVE = "nightdesk";
const SINCE = new Date().toISOString(); // it never changes, and Lab wants to be told some time

/** Where a run's notebook stands on the drive; the tab is named by its end. */
export function pathOf(run: Run): string {
  return `${DRIVE}:${run.id}/${run.file.replace(/\.ipynb$/, "")} (run ${run.id.slice(0, 4)}).ipynb`;
}


export class RunsDrive implements Contents.IDrive {
  readonly name = DRIVE;
  readonly serverSettings: ServerConnection.ISettings;
  readonly fileChanged: Signal<Contents.IDrive, Contents.IChangedArgs> = new Signal<Contents.IDrive, Contents.IChangedArgs>(this);
  isDisposed = false;

  constructor(private readonly server: Server) {
    this.serverSettings = server.settings;
  }

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  async get(path: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    const [id = "", name = ""] = path.split("/");
    const model = { name, path, writable: false, created: SINCE, last_modified: SINCE, mimetype: "" };
    if (!name) return { ...model, type: "directory", format: "json", content: [] };
    if (options?.content === false) return { ...model, type: "notebook", format: null, content: null };
    return { ...model, type: "notebook", format: "json", content: asServed((await this.server.notebook(id)) as Notebook) };
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return [];
  }

  getDownloadUrl = async (path: string): Promise<string> =>
    `${this.serverSettings.baseUrl}nightdesk/notebook/${encodeURIComponent(path.split("/")[0] ?? "")}`;

  newUntitled = refuse;
  delete = refuse;
  rename = refuse;
  save = refuse;
  copy = refuse;
  createCheckpoint = refuse;
  restoreCheckpoint = refuse;
  deleteCheckpoint = refuse;
}

async function refuse(): Promise<never> {
  throw new Error("This is the result of a run and stays as it is. Save it under another name to change it.");
}
