// What of an open document is handed over: the saved file, or what Lab shows where it cannot be saved.

import { showErrorMessage } from "@jupyterlab/apputils";
import type { DocumentRegistry } from "@jupyterlab/docregistry";

import { DRIVE } from "./drive";
import type { Source } from "./server";

export interface Ready {
  source: Source;
  notice: string | null;
}

/** Save the document where that is possible; null where it cannot be handed over, which was said. */
export async function prepare(
  context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
  isLocal: boolean,
): Promise<Ready | null> {
  await context.ready;
  const path = context.localPath;
  if (!isLocal) {
    const mine = context.path.startsWith(`${DRIVE}:`);
    await showErrorMessage(
      "Not a file of yours",
      mine
        ? "This is the result of a run. Use “Run again” in the panel, or save it under another name first."
        : "Only files in your own folders can run in the background. Save it there first.",
    );
    return null;
  }
  const writable = context.contentsModel?.writable !== false;
  if (!writable) {
    const changed = context.model.dirty;
    return {
      source: changed ? { path, content: context.model.toString() } : { path },
      notice: changed ? "The file is read-only: what you see now is handed over, and is not saved." : null,
    };
  }
  if (context.model.dirty) {
    try {
      await context.save();
    } catch (error) {
      await showErrorMessage("Not saved, and not handed over", error instanceof Error ? error : String(error));
      return null;
    }
    if (context.model.dirty) return null; // somebody was asked about another version on disk, and said no
  }
  return { source: { path }, notice: null };
}
