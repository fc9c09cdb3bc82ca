/** Moments as people say them. */
const RELATIVE = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

const STEPS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const ONE_MONTH = 30 * 86_400;

const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

/** "5 minutes ago", "yesterday"; a plain date once it is a month away. */
export function fromNow(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Math.abs(seconds) >= ONE_MONTH) return day(iso);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.round(seconds / length), unit);
  }
  return seconds > 30 ? "in less than a minute" : "just now";
}

export function moment(iso: string): string {
  return FULL.format(new Date(iso));
}

/** To the second, and the same wherever it is read: for what is printed. */
export function exactly(iso: string): string {
  return `${EXACT.format(new Date(iso))} UTC`;
}

export function day(iso: string): string {
  return DAY.format(new Date(iso));
}

/** "2 min 5 s", for time that is left or was spent. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
