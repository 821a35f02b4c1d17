// Questions to the person's own Jupyter server, which asks the platform (scheduler/src/nightdesk/lab_server).

import { ServerConnection } from "@jupyterlab/services";

import type { About, Environment, Folder, Inspection, Preview, Run, Schedule, Size, Tick } from "./types";

/** Somebody said no, in words for people. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly hint: string | null,
    readonly away: boolean,
    /** What it is about, as the platform's API calls it. */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

export interface Source {
  path: string;
  /** What Lab shows, where it cannot be saved. */
  content?: string;
}

export class Server {
  private known: Promise<About> | null = null;

  constructor(readonly settings: ServerConnection.ISettings) {}

  about(): Promise<About> {
    this.known ??= this.json<About>("about").catch((error: unknown) => {
      this.known = null;
      throw error;
    });
    return this.known;
  }

  environments = async (): Promise<Environment[]> =>
    (await this.json<{ environments: Environment[] }>("api/environments")).environments;

  sizes = async (): Promise<Size[]> => (await this.json<{ sizes: Size[] }>("api/sizes")).sizes;

  inspect = (source: Source, environment?: string): Promise<Inspection> =>
    this.json("inspect", { ...source, environment });

  folder = (path: string, ignore?: string): Promise<Folder> => this.json("folder", { path, ignore });

  submit = (source: Source, options: Record<string, unknown>): Promise<Run> =>
    this.json("submit", { ...options, ...source });

  schedule = (source: Source, options: Record<string, unknown>): Promise<Schedule> =>
    this.json("schedule", { ...options, ...source });

  preview = (when: { cron: string; zone: string }): Promise<Preview> => this.json("api/schedules/preview", when);

  pause = (id: string): Promise<Schedule> => this.json(`api/schedules/${encodeURIComponent(id)}/pause`, {});

  resume = (id: string): Promise<Schedule> => this.json(`api/schedules/${encodeURIComponent(id)}/resume`, {});

  runNow = (id: string): Promise<Tick> => this.json(`api/schedules/${encodeURIComponent(id)}/run`, {});

  run = (id: string): Promise<Run> => this.json(`api/runs/${encodeURIComponent(id)}`);

  cancel = (id: string): Promise<Run> => this.json(`api/runs/${encodeURIComponent(id)}/cancel`, {});

  again = (id: string): Promise<Run> => this.json(`api/runs/${encodeURIComponent(id)}/retry`, {});

  notebook = (id: string): Promise<unknown> => this.json(`notebook/${encodeURIComponent(id)}`);

  events = (signal: AbortSignal): Promise<Response> => this.open("events", { signal });

  private async json<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await this.open(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
    return (await response.json()) as Answer;
  }

  private async open(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(`${this.settings.baseUrl}nightdesk/${path}`, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Refusal("your Jupyter server does not answer", "Check your connection, then try again.", true);
    }
    if (response.ok) return response;
    const said = (await response.json().catch(() => ({}))) as { message?: string; hint?: string; field?: string; away?: boolean };
    throw new Refusal(
      said.message ?? `the server answered with status ${response.status}`,
      said.hint ?? null,
      said.away ?? response.status >= 502,
      said.field ?? null,
    );
  }
}
