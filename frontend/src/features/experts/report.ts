/** Reads the figures of a verification. Free JSON, so each is looked at first. */

export interface Layer {
  /** By how much it differs from the public expert, as a share of that one's norm. */
  changed: number | null;
  /** The weight that the expert's answers are given on public text, beside the anchor alone. */
  weight: number | null;
}

export interface Report {
  changed: number | null;
  pair: number | null;
  anchor: number | null;
  layers: Layer[];
  nearest: { version: string; similarity: number }[];
}

export function readReport(report: Record<string, unknown>): Report | null {
  const weights = objectIn(report, "weights");
  const probe = objectIn(report, "probe");
  const bits = objectIn(probe, "bits_per_byte");
  const changes = numbers(weights["by_layer"]);
  const routing = Array.isArray(probe["routing"]) ? probe["routing"].map((row) => numbers(row).at(-1) ?? null) : [];
  const layers = Array.from({ length: Math.max(changes.length, routing.length) }, (_, layer) => ({
    changed: changes[layer] ?? null,
    weight: routing[layer] ?? null,
  }));
  if (layers.length === 0) return null;
  return { changed: number(weights["change"]), pair: number(bits["model"]), anchor: number(bits["anchor"]), layers, nearest: near(weights["nearest"]) };
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function near(value: unknown): Report["nearest"] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    const found = objectIn({ one }, "one");
    const similarity = number(found["similarity"]);
    return typeof found["version"] === "string" && similarity !== null ? [{ version: found["version"], similarity }] : [];
  });
}

function objectIn(holder: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = holder[name];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one): one is number => number(one) !== null) : [];
}
