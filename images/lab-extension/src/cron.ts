// Common timetables as cron lines, and back into words. What a line means in full is for the platform to say.

export type Repeat = "hour" | "day" | "weekday" | "week" | "month" | "cron";

export interface Timing {
  repeat: Repeat;
  /** HH:MM, as a field for times has it; for every hour, only the minutes count. */
  time: string;
  /** MON to SUN. */
  day: string;
  /** 1 to 31, or L for the last. */
  date: string;
}

export const REPEATS: readonly (readonly [Repeat, string])[] = [
  ["hour", "every hour"],
  ["day", "every day"],
  ["weekday", "every weekday, Monday to Friday"],
  ["week", "every week"],
  ["month", "every month"],
  ["cron", "otherwise, by a cron line"],
];
export const DAYS: readonly (readonly [string, string])[] = [
  ["MON", "Monday"],
  ["TUE", "Tuesday"],
  ["WED", "Wednesday"],
  ["THU", "Thursday"],
  ["FRI", "Friday"],
  ["SAT", "Saturday"],
  ["SUN", "Sunday"],
];

/** The cron line of a choice; null where the time is none, or the choice is to write one. */
export function lineOf({ repeat, time, day, date }: Timing): string | null {
  const match = /^(\d{1,2}):(\d{2})/.exec(time);
  if (repeat === "cron" || !match) return null;
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  if (hour > 23 || minute > 59) return null;
  const rest = { hour: "* *", day: "* *", weekday: "* MON-FRI", week: `* ${day}`, month: "* *" }[repeat];
  return `${minute} ${repeat === "hour" ? "*" : hour} ${repeat === "month" ? date : "*"} ${rest}`;
}

/** A line that is one of those above in words; null for any other. */
export function wordsOf(line: string): string | null {
  const match = /^(\d{1,2}) (\d{1,2}|\*) (\d{1,2}|L|\*) \* ([A-Z-]+|\*)$/.exec(line.trim().toUpperCase());
  if (!match) return null;
  const [, minute = "", hour = "", date = "", day = ""] = match;
  if (hour === "*") return date === "*" && day === "*" ? `every hour, ${Number(minute)} min past` : null;
  const at = `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  const named = DAYS.find(([short]) => short === day)?.[1];
  if (date === "*") {
    if (day === "*") return `every day ${at}`;
    if (day === "MON-FRI") return `every weekday ${at}`;
    return named ? `every ${named} ${at}` : null;
  }
  if (day !== "*") return null;
  return date === "L" ? `on each month's last day ${at}` : `on day ${date} of each month ${at}`;
}

/** The zone of this browser. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Whether there is a time zone of this name. */
export function isZone(name: string): boolean {
  try {
    return Boolean(name) && Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** A moment as the clocks of a zone show it, such as `Mon 30 Nov 2026, 06:30`; the year only where asked for. */
export function moment(at: string, zone: string, year = true): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(at));
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("weekday")} ${part("day")} ${part("month")}${year ? ` ${part("year")}` : ""}, ${part("hour")}:${part("minute")}`;
}
