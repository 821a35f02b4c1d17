// What the platform answers, as far as it is used here (docs/api.md).

export type Status = "queued" | "starting" | "running" | "succeeded" | "failed" | "cancelled" | "timed_out" | "lost";

export interface Run {
  id: string;
  name: string;
  kind: "notebook" | "script";
  file: string;
  status: Status;
  reason: string | null;
  waiting: string | null;
  environment: { name: string; version: string };
  size: string;
  progress: { cell: number; cells: number } | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  outputs: { name: string; size: number }[];
}

export interface Parameter {
  name: string;
  types: string[];
  optional: boolean;
  default: unknown;
  computed: boolean;
  help: string;
}

export interface Inspection {
  kind: "notebook" | "script";
  environment: { name: string; version: string };
  kernel: { display_name: string } | null;
  cells: number;
  parameters: Parameter[] | null;
  notes: string[];
  /** Where the file is in the person's home; null where it is elsewhere. */
  home_path: string | null;
}

export interface Schedule {
  id: string;
  name: string;
  when: string;
  cron: string | null;
  zone: string;
  next_at: string | null;
  paused: { why: string } | null;
  file: string;
  environment: string;
  failures: number;
}

/** A time at which a schedule was due, or was run besides. */
export interface Tick {
  state: string;
  words: string;
  run: string | null;
}

export interface Preview {
  ticks: { at: string; local: string }[];
}

export interface Environment {
  name: string;
  title: string;
  versions: { version: string; offer: string; default: boolean; channels: string[] }[];
}

export interface Size {
  name: string;
  title: string;
  cpus: number;
  memory_bytes: number;
  time_limit_seconds: number;
  default: boolean;
}

export interface Folder {
  folder: string;
  files: number;
  bytes: number;
  whole: boolean;
  skipped: string[];
  ignore: string;
}

export interface About {
  user: string;
  environment: string | null;
  pages: string;
  ignored_always: string[];
  ignore_file: string;
}

const FINAL: readonly Status[] = ["succeeded", "failed", "cancelled", "timed_out", "lost"];
export const isOver = (run: Run): boolean => FINAL.includes(run.status);
