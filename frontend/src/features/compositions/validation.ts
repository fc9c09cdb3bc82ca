/** Reads what the worker measured before it published a build. Free JSON, so each figure is looked at first. */

export interface Measured {
  model: number;
  anchor: number;
}

function numberIn(holder: unknown, name: string): number | null {
  if (typeof holder !== "object" || holder === null) return null;
  const value = (holder as Record<string, unknown>)[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function bitsPerByte(validation: Record<string, unknown>): Measured | null {
  const found = validation["bits_per_byte"];
  const [model, anchor] = [numberIn(found, "model"), numberIn(found, "anchor")];
  return model === null || anchor === null ? null : { model, anchor };
}

/** "2.0 % better than its anchor": fewer bits are better. */
export function compared({ model, anchor }: Measured): string {
  const share = anchor === 0 ? 0 : ((model - anchor) / anchor) * 100;
  if (Math.abs(share) < 0.05) return "as good as its anchor";
  return `${Math.abs(share).toFixed(1)} % ${share < 0 ? "better" : "worse"} than its anchor`;
}

/** The share of the work of each slot, layer by layer. */
export function byLayer(validation: Record<string, unknown>): number[][] {
  const layers = validation["routing"];
  if (!Array.isArray(layers)) return [];
  return layers.filter((row): row is number[] => Array.isArray(row) && row.every((value) => typeof value === "number"));
}

/** The share of the work that each slot did, over all layers. */
export function shares(validation: Record<string, unknown>): number[] {
  const rows = byLayer(validation);
  const slots = rows[0]?.length ?? 0;
  return Array.from({ length: slots }, (_, slot) => rows.reduce((sum, row) => sum + (row[slot] ?? 0), 0) / rows.length);
}
