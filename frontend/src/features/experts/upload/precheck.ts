/** Looks at a chosen package as the registry will: the right files, and tensors that fit the anchor. */
import { readHeader, WrongFile, type TensorEntry } from "@/features/experts/upload/header";

const SIGNATURE = "model.sig";
const FILES: readonly string[] = ["expert.safetensors", "router.safetensors", "expert.json", "data-card.json", SIGNATURE];
const MAX_CARD = 2 ** 20;

export interface AnchorShape {
  digest: string;
  hidden: number;
  intermediate: number;
  layers: number;
  dtype: string;
}

export interface Package {
  files: File[]; // in the order in which they are sent: the small ones first
  bytes: number;
  layers: number;
  tensors: number;
  dtype: string;
  anchorDigest: string | null;
  card: Record<string, unknown>;
  dataCard: Record<string, unknown>;
}

/** The package in the chosen files, or one sentence that says what is wrong with them. */
export async function readPackage(chosen: readonly File[], anchor: AnchorShape | null): Promise<Package> {
  const files = new Map(chosen.filter((file) => !isLitter(file.name)).map((file) => [file.name, file]));
  for (const name of FILES) {
    if (!files.has(name)) throw new WrongFile(`${name} is missing. ${wayOut(name)}`);
  }
  for (const name of files.keys()) {
    if (!FILES.includes(name)) throw new WrongFile(`${name} does not belong into a package. Leave it out.`);
  }
  const card = await readCard(files.get("expert.json"), "expert.json");
  const dataCard = await readCard(files.get("data-card.json"), "data-card.json");
  const expert = await headerOf(files.get("expert.safetensors"), "expert.safetensors");
  const router = await headerOf(files.get("router.safetensors"), "router.safetensors");
  const anchorDigest = typeof card["anchor"] === "string" ? card["anchor"] : null;
  if (anchor && anchorDigest && anchorDigest !== anchor.digest) {
    throw new WrongFile("expert.json names another anchor than the one chosen above. Choose the one it was trained beside.");
  }
  const { layers, dtype } = checkExpert(expert, anchor);
  checkRouter(router, layers, expert[0]?.shape[1] ?? 0);
  const sorted = [...files.values()].sort((one, other) => one.size - other.size);
  return {
    files: sorted,
    bytes: sorted.reduce((sum, file) => sum + file.size, 0),
    layers,
    dtype,
    tensors: expert.length + router.length,
    anchorDigest,
    card,
    dataCard,
  };
}

function wayOut(name: string): string {
  if (name === SIGNATURE) return "Sign the package first (guildhall sign), with a key that your organisation has registered.";
  return "Choose the whole folder that flexcore train wrote.";
}

/** What file managers leave behind, and nobody means to send. */
function isLitter(name: string): boolean {
  return name.startsWith(".") || name === "Thumbs.db" || name === "desktop.ini";
}

async function headerOf(file: File | undefined, label: string): Promise<TensorEntry[]> {
  if (!file) throw new WrongFile(`${label} is missing.`);
  return readHeader(file, label);
}

async function readCard(file: File | undefined, label: string): Promise<Record<string, unknown>> {
  if (!file) throw new WrongFile(`${label} is missing.`);
  if (file.size > MAX_CARD) throw new WrongFile(`${label} is larger than 1 MiB; it may hold a description only.`);
  try {
    const value: unknown = JSON.parse(await file.text());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below, in our words
  }
  throw new WrongFile(`${label} is not a JSON object.`);
}

const EXPERT_TENSOR = /^layers\.(\d+)\.(gate|up|down)_proj\.weight$/;
const ROUTER_TENSOR = /^layers\.(\d+)\.router\.(weight|bias)$/;

function checkExpert(entries: readonly TensorEntry[], anchor: AnchorShape | null): { layers: number; dtype: string } {
  const first = entries[0];
  const [intermediate, hidden] = first?.shape ?? [];
  if (!first || intermediate === undefined || hidden === undefined) {
    throw new WrongFile("expert.safetensors holds no expert weights.");
  }
  const layers = new Set<number>();
  for (const { name, dtype, shape } of entries) {
    const match = EXPERT_TENSOR.exec(name);
    if (!match) throw new WrongFile(`expert.safetensors: ${name} is not a tensor of an expert.`);
    layers.add(Number(match[1]));
    const wanted = match[2] === "down" ? [hidden, intermediate] : [intermediate, hidden];
    if (shape.join() !== wanted.join()) {
      throw new WrongFile(`expert.safetensors: ${name} has the shape ${said(shape)}, not ${said(wanted)}.`);
    }
    if (dtype !== first.dtype) throw new WrongFile(`expert.safetensors: ${name} is ${dtype}, the others are ${first.dtype}.`);
  }
  if (entries.length !== 3 * layers.size) throw new WrongFile("expert.safetensors lacks a tensor: each layer has gate, up and down.");
  if (anchor) checkAgainst(anchor, { hidden, intermediate, layers: layers.size, dtype: first.dtype });
  return { layers: layers.size, dtype: first.dtype };
}

type Dimensions = Omit<AnchorShape, "digest">;

const MEANING: Record<keyof Dimensions, string> = {
  hidden: "width",
  intermediate: "FFN size",
  layers: "number of layers",
  dtype: "number type",
};

function checkAgainst(anchor: Dimensions, found: Dimensions): void {
  for (const key of ["layers", "hidden", "intermediate", "dtype"] as const) {
    if (anchor[key] !== found[key]) {
      throw new WrongFile(
        `The ${MEANING[key]} of this expert is ${found[key]}, the anchor's is ${anchor[key]}. Choose the anchor it was trained beside.`,
      );
    }
  }
}

function checkRouter(entries: readonly TensorEntry[], layers: number, hidden: number): void {
  const weights = entries.filter(({ name }) => name.endsWith(".weight"));
  for (const { name, shape } of entries) {
    const match = ROUTER_TENSOR.exec(name);
    if (!match) throw new WrongFile(`router.safetensors: ${name} is not a router row.`);
    const wanted = match[2] === "weight" ? [hidden] : [];
    if (shape.join() !== wanted.join()) {
      throw new WrongFile(`router.safetensors: ${name} has the shape ${said(shape)}, not ${said(wanted)}.`);
    }
  }
  if (weights.length !== layers) {
    throw new WrongFile(`router.safetensors holds ${weights.length} router rows for ${layers} layers.`);
  }
}

function said(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
