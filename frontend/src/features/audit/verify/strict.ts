/** Reads what strangers wrote: bounded, and with one sentence for whatever does not hold. */
import type { Bytes } from "@/api/hashing";
import { base64, bytesOf } from "@/api/proofs";

/** Something is not what it claims to be, or cannot be told; the message is one sentence for a person. */
export class NotVerified extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

interface Kinds {
  string: string;
  number: number;
  list: readonly unknown[];
  object: Fields;
}

const MAX_DEPTH = 16;
const MAX_SHOWN = 120;

/** A stranger's text, short and without control characters. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : value === undefined ? "nothing" : JSON.stringify(value);
  const cut = text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1)}…`;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

export function readJson(data: Uint8Array, label: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch {
    throw new NotVerified(`${label} is no JSON.`);
  }
  if (!isObject(value)) throw new NotVerified(`${label} holds no JSON object.`);
  if (deeperThan(value, MAX_DEPTH)) throw new NotVerified(`${label} is nested deeper than ${MAX_DEPTH} levels.`);
  return value;
}

/** The field of this name and kind; anything else is refused by its name. */
export function field<K extends keyof Kinds>(value: Fields, name: string, kind: K, label: string): Kinds[K] {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (kindOf(found) !== kind) throw new NotVerified(`${label} has no ${name} that could be read.`);
  return found as Kinds[K];
}

/** Standard base64 in its one canonical spelling. */
export function fromBase64(text: string, label: string): Bytes {
  const bytes = bytesOf(text);
  let spelled = "";
  for (let at = 0; at < bytes.length; at += 24_576) spelled += base64(bytes.subarray(at, at + 24_576));
  if (spelled !== text) throw new NotVerified(`${label} is not in base64.`);
  return bytes;
}

export async function read(file: Blob, name: string, limit: number): Promise<Bytes> {
  if (file.size > limit) throw new NotVerified(`${shown(name)} is larger than ${limit} bytes, more than such a file has.`);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new NotVerified(`${shown(name)} cannot be read.`);
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): keyof Kinds | null {
  if (Array.isArray(value)) return "list";
  if (isObject(value)) return "object";
  if (typeof value === "string") return "string";
  return Number.isSafeInteger(value) ? "number" : null;
}

/** Layer by layer, so that no depth can overflow anything. */
function deeperThan(value: unknown, limit: number): boolean {
  let layer = [value];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth === limit) return true;
    const inner: unknown[] = [];
    for (const item of layer) for (const part of Object.values(item as object)) if (typeof part === "object" && part !== null) inner.push(part);
    layer = inner;
  }
  return false;
}
