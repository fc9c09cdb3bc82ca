/** Reads the header of a safetensors file in the browser, so that a wrong file is refused before a byte is sent.
 *
 * The registry checks everything again, and more; this only saves the owner the time of a long upload. */

export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

/** What is wrong with a file, in one sentence that its owner can act on. */
export class WrongFile extends Error {
  override readonly name = "WrongFile";
}

const MAX_HEADER = 16 * 2 ** 20;
const BYTES: Record<string, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

export async function readHeader(file: Blob, label: string): Promise<TensorEntry[]> {
  if (file.size < 8) throw new WrongFile(`${label} is too short to be a safetensors file.`);
  const length = new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) throw new WrongFile(`${label} announces a header of ${length} bytes; is it a safetensors file?`);
  const end = 8 + Number(length);
  if (end > file.size) throw new WrongFile(`${label} is cut off: its header alone should take ${end} bytes, and it has ${file.size}.`);
  const header = parse(await file.slice(8, end).text(), label);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => entryOf(name, value, label))
    .sort((one, other) => one.begin - other.begin);
  checkOffsets(entries, file.size - end, label);
  return entries;
}

function parse(text: string, label: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WrongFile(`The header of ${label} is not JSON; is it a safetensors file?`);
  }
  if (!isRecord(value)) throw new WrongFile(`The header of ${label} is not a JSON object.`);
  return value;
}

function entryOf(name: string, value: unknown, label: string): TensorEntry {
  const wrong = new WrongFile(`${label}: the header describes ${name} in a way that is not safetensors.`);
  if (!isRecord(value)) throw wrong;
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets)) throw wrong;
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2) throw wrong;
  return { name, dtype, shape, begin, end };
}

/** Without holes, without overlaps, and to the last byte of the file. */
function checkOffsets(entries: readonly TensorEntry[], dataSize: number, label: string): void {
  let expected = 0;
  for (const { name, dtype, shape, begin, end } of entries) {
    const width = BYTES[dtype];
    if (width === undefined) throw new WrongFile(`${label}: ${name} has the type ${dtype}, which is not known here.`);
    const needed = shape.reduce((product, length) => product * length, width);
    if (begin !== expected) throw new WrongFile(`${label}: ${name} begins at byte ${begin}, where ${expected} was expected.`);
    if (end - begin !== needed) throw new WrongFile(`${label}: ${name} takes ${end - begin} bytes, but its shape needs ${needed}.`);
    expected = end;
  }
  if (expected !== dataSize) {
    throw new WrongFile(`${label} holds ${dataSize} bytes of data, but its header describes ${expected}. It may be cut off; copy it again.`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}
