/** Small expert packages for the tests, right in every byte unless a test says otherwise. */

interface Spec {
  dtype?: string;
  shape: number[];
}

export const HIDDEN = 4;
export const INTERMEDIATE = 6;
export const LAYERS = 2;
export const ANCHOR = {
  digest: `sha256:${"a".repeat(64)}`,
  hidden: HIDDEN,
  intermediate: INTERMEDIATE,
  layers: LAYERS,
  dtype: "F32",
};

/** A safetensors file with these tensors, all zeros. */
export function safetensors(tensors: Record<string, Spec>, options: { cut?: number; lie?: number } = {}): Blob {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, { dtype = "F32", shape }] of Object.entries(tensors)) {
    const begin = end;
    end += shape.reduce((product, length) => product * length, 4);
    header[name] = { dtype, shape, data_offsets: [begin, end + (options.lie ?? 0)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.byteLength), true);
  const whole = new Blob([length.buffer, text, new Uint8Array(end)]);
  return options.cut ? whole.slice(0, whole.size - options.cut) : whole;
}

export function expertTensors(): Record<string, Spec> {
  const tensors: Record<string, Spec> = {};
  for (let layer = 0; layer < LAYERS; layer += 1) {
    tensors[`layers.${layer}.gate_proj.weight`] = { shape: [INTERMEDIATE, HIDDEN] };
    tensors[`layers.${layer}.up_proj.weight`] = { shape: [INTERMEDIATE, HIDDEN] };
    tensors[`layers.${layer}.down_proj.weight`] = { shape: [HIDDEN, INTERMEDIATE] };
  }
  return tensors;
}

export function routerTensors(): Record<string, Spec> {
  return Object.fromEntries(
    Array.from({ length: LAYERS }, (_, layer) => [`layers.${layer}.router.weight`, { shape: [HIDDEN] }]),
  );
}

/** The files of a package; one of them can be given another content, or none (null). */
export function packageFiles(changed: Record<string, BlobPart | null> = {}): File[] {
  const contents: Record<string, BlobPart | null> = {
    "expert.safetensors": safetensors(expertTensors()),
    "router.safetensors": safetensors(routerTensors()),
    "expert.json": JSON.stringify({ anchor: ANCHOR.digest, training: { code: "flexcore 0.1.0" } }),
    "data-card.json": JSON.stringify({ name: "Plays", description: "Plays in the public domain" }),
    "model.sig": "{}",
    ...changed,
  };
  return Object.entries(contents).flatMap(([name, content]) => (content === null ? [] : [new File([content], name)]));
}
