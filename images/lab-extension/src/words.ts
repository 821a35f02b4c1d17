// Numbers and states in words.

import type { Run, Status } from "./types";

const STATUS: Record<Status, string> = {
  queued: "waiting",
  starting: "starting",
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  timed_out: "over its time",
  lost: "lost",
};

export const statusWords = (status: Status): string => STATUS[status] ?? status;

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${unit === 0 || count >= 10 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours) return minutes ? `${hours}h ${minutes}m` : `${hours}h`;
  if (minutes) return rest ? `${minutes}m ${rest}s` : `${minutes}m`;
  return `${rest}s`;
}

const UNITS: Record<string, number> = { d: 86400, h: 3600, m: 60, s: 1 };

/** Seconds of "90m", "1h 30m" or "45" (minutes); null where it is no such text. */
export function seconds(text: string): number | null {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 60;
  if (!/^(\d+(\.\d+)?\s*[dhms]\s*)+$/.test(trimmed)) return null;
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/g)];
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2] ?? ""] ?? 0), 0);
}

/** Since when something is, for a list: short, and exact enough. */
export function ago(then: string, now: number): string {
  const passed = (now - Date.parse(then)) / 1000;
  if (passed < 60) return "just now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
  return new Date(then).toLocaleDateString();
}

/** What a run is doing, or how it went, in one line. */
export function story(run: Run, now: number): string {
  if (run.status === "queued") return run.waiting ?? "waiting for its turn";
  if (run.status === "starting") return "starting";
  if (run.status === "running") {
    const since = run.started_at ? ` · ${duration((now - Date.parse(run.started_at)) / 1000)}` : "";
    const { cell, cells } = run.progress ?? { cell: 0, cells: 0 };
    return cells ? `cell ${Math.max(1, Math.min(cell, cells))} of ${cells}${since}` : `running${since}`;
  }
  if (run.status === "succeeded" && run.started_at && run.finished_at) {
    return `took ${duration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)}`;
  }
  return run.reason?.replace(/\.$/, "") ?? statusWords(run.status);
}
