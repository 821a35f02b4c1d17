// A notebook as it stands in its file, made into what a Jupyter server hands to Lab.

interface Output {
  text?: unknown;
  data?: Record<string, unknown>;
}

interface Cell {
  source?: unknown;
  metadata?: { trusted?: unknown };
  outputs?: Output[];
}

export interface Notebook {
  cells?: Cell[];
}

/** Texts whole, which files keep as lists of lines; and nothing of what the file says about its own trust. */
export function asServed(notebook: Notebook): Notebook {
  for (const cell of notebook.cells ?? []) {
    // Trust is Lab's to decide: it shows scripts in outputs inert.
    delete cell.metadata?.trusted;
    cell.source = whole(cell.source);
    for (const output of cell.outputs ?? []) {
      if ("text" in output) output.text = whole(output.text);
      for (const kind of Object.keys(output.data ?? {})) {
        // A list of JSON is a list.
        if (output.data && !/^application\/(.*\+)?json$/.test(kind)) output.data[kind] = whole(output.data[kind]);
      }
    }
  }
  return notebook;
}

const whole = (text: unknown): unknown => (Array.isArray(text) ? text.join("") : text);
