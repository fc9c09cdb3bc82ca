/** How fast it goes: bytes a second over the last few seconds, and so how long it still takes. */

const WINDOW_MS = 8_000;
const SHORTEST_MS = 1_000;

export class Speed {
  private readonly marks: { at: number; bytes: number }[] = [];

  mark(at: number, bytes: number): void {
    this.marks.push({ at, bytes });
    while (this.marks.length > 2 && at - (this.marks[0]?.at ?? at) > WINDOW_MS) this.marks.shift();
  }

  /** Bytes a second; null until it can be said. */
  now(): number | null {
    const first = this.marks[0];
    const last = this.marks.at(-1);
    if (!first || !last || last.at - first.at < SHORTEST_MS) return null;
    return Math.max(0, ((last.bytes - first.bytes) / (last.at - first.at)) * 1000);
  }
}
