/**
 * The digest of a model's file and, of an expert's weights inside a model, that of the version whose weights they are: it is
 * over the tensors' names, types and shapes and then their bytes; a shard only gives them the names of its slot.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@/api/proofs";
import { field, isObject, NotVerified, readJson } from "@/features/audit/verify/strict";

/** Hashing goes piece by piece, yet a page is no place for many gigabytes. */
export const MAX_HASHED = 2 ** 30;
const PIECE = 4 * 2 ** 20;
const MAX_HEADER = 16 * 2 ** 20;
const SHARD = /^expert-([0-9]{2})\.safetensors$/;
const TENSOR = /^model\.layers\.([0-9]{1,4})\.mlp\.experts\.([0-9]{1,4})\.([a-z_]{1,40})\.weight$/;

export interface Hashed {
  digest: string;
  data: string | null; // of the version inside, where it is a shard
}

export async function fileDigest(file: Blob, path: string): Promise<Hashed> {
  const slot = SHARD.exec(path)?.[1];
  if (slot === undefined) return { digest: named(await rest(file, new Uint8Array())), data: null };
  const header = await headerOf(file, path);
  const data = await rest(file.slice(header.length), canonicalList(header, Number(slot), path));
  const whole = sha256.create().update(sha256(header)).update(data).digest();
  return { digest: named(whole), data: named(data) };
}

async function headerOf(file: Blob, path: string): Promise<Uint8Array> {
  const length = new DataView(await file.slice(0, 8).arrayBuffer());
  const size = length.byteLength === 8 ? Number(length.getBigUint64(0, true)) : MAX_HEADER + 1;
  if (size > MAX_HEADER) throw new NotVerified(`${path} does not begin with a header of safetensors.`);
  return new Uint8Array(await file.slice(0, 8 + size).arrayBuffer());
}

/** The tensors as their package lists them: name, type and shape, in the order of their data. */
function canonicalList(header: Uint8Array, slot: number, path: string): Uint8Array {
  const label = `The header of ${path}`;
  const listed = Object.entries(readJson(header.subarray(8), label)).filter(([name]) => name !== "__metadata__");
  const tensors = listed.map(([name, said]) => {
    const found = TENSOR.exec(name);
    if (!isObject(said) || !found || Number(found[2]) !== slot) {
      throw new NotVerified(`${path} holds tensors that are not those of an expert in slot ${slot}.`);
    }
    const [begin] = field(said, "data_offsets", "list", label);
    return { begin: Number(begin), told: [`layers.${found[1]}.${found[3]}.weight`, said["dtype"], said["shape"]] };
  });
  tensors.sort((one, other) => one.begin - other.begin);
  return new TextEncoder().encode(JSON.stringify(tensors.map(({ told }) => told)));
}

async function rest(file: Blob, before: Uint8Array): Promise<Uint8Array> {
  const hash = sha256.create().update(before);
  for (let begin = 0; begin < file.size; begin += PIECE) {
    hash.update(new Uint8Array(await file.slice(begin, begin + PIECE).arrayBuffer()));
  }
  return hash.digest();
}

function named(digest: Uint8Array): string {
  return `sha256:${hex(digest)}`;
}
