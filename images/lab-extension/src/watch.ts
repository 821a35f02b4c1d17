// One's runs and schedules, live, over however many broken connections.

import { Signal } from "@lumino/signaling";

import { Refusal, type Server } from "./server";
import { read, type ServerEvent } from "./stream";
import { isOver, type Run, type Schedule } from "./types";

/** What there is to tell beside the runs: nothing, that the platform is away, or that it says no. */
export type State = { kind: "well" } | { kind: "asking" } | { kind: "away" } | { kind: "refused"; words: string };

const SHORTEST = 500;
const LONGEST = 5000;
const SILENCE = 40_000; // the server says something at least each 15 s

export class Watch {
  runs: Run[] = [];
  schedules: Schedule[] = [];
  state: State = { kind: "asking" };
  readonly changed = new Signal<this, void>(this);
  /** A run that was seen going on is over. */
  readonly ended = new Signal<this, Run>(this);
  private started = false;
  private loaded = false;
  private stop = new AbortController();

  constructor(private readonly server: Server) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    void this.follow();
  }

  again(): void {
    this.stop.abort();
    this.started = false;
    this.is({ kind: "asking" });
    this.start();
  }

  /** A run that somebody has just handed over or changed here: shown at once. */
  put(run: Run): void {
    const before = this.runs.find((each) => each.id === run.id);
    if (before) this.runs = this.runs.map((each) => (each === before ? run : each));
    else this.runs = [run, ...this.runs];
    if (before && !isOver(before) && isOver(run)) this.ended.emit(run);
    this.changed.emit();
  }

  /** The same for a schedule. */
  putSchedule(schedule: Schedule): void {
    const others = this.schedules.filter((each) => each.id !== schedule.id);
    this.schedules = [...others, schedule].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.changed.emit();
  }

  get knows(): boolean {
    return this.loaded;
  }

  private async follow(): Promise<void> {
    let pause = SHORTEST;
    const stop = (this.stop = new AbortController());
    while (!stop.signal.aborted) {
      const line = new AbortController();
      const end = (): void => line.abort();
      stop.signal.addEventListener("abort", end);
      let timer = window.setTimeout(end, SILENCE);
      try {
        const response = await this.server.events(line.signal);
        if (response.body) {
          await read(response.body, (event) => {
            window.clearTimeout(timer);
            timer = window.setTimeout(end, SILENCE);
            pause = SHORTEST;
            if (!stop.signal.aborted) this.happened(event);
          });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof Refusal && !error.away) {
          this.is({ kind: "refused", words: error.message });
          this.started = false;
          return;
        }
      } finally {
        window.clearTimeout(timer);
        stop.signal.removeEventListener("abort", end);
      }
      if (this.state.kind === "refused" || stop.signal.aborted) return;
      this.is({ kind: "away" });
      await new Promise((resolve) => window.setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST);
    }
  }

  private happened(event: ServerEvent): void {
    if (event.kind === "runs") {
      const list = event.data as Run[];
      const before = new Map(this.runs.map((each) => [each.id, each]));
      this.loaded = true;
      this.runs = list;
      this.state = { kind: "well" };
      for (const run of list) {
        const earlier = before.get(run.id);
        if (earlier && !isOver(earlier) && isOver(run)) this.ended.emit(run);
      }
      this.changed.emit();
    } else if (event.kind === "run") this.put(event.data as Run);
    else if (event.kind === "schedules") {
      this.schedules = event.data as Schedule[];
      this.changed.emit();
    } else if (event.kind === "away") this.is({ kind: "away" });
    else if (event.kind === "back") this.is({ kind: "well" });
    else if (event.kind === "refused") {
      this.started = false;
      this.is({ kind: "refused", words: (event.data as { message: string }).message });
    }
  }

  private is(state: State): void {
    this.state = state;
    this.changed.emit();
  }
}
