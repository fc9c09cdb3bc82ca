/** An entry with its proof, as files carry it: the bytes are in the tree whose checkpoint is then to be believed. */
import { base64, leafHash, readProof, rootFrom, type Proof } from "@/api/proofs";
import type { Bytes } from "@/api/hashing";
import { NotVerified } from "@/features/audit/verify/strict";

const MAX_PROOF = 128 * 1024;
const MAX_PATH = 63;

export async function proven(text: string, leaf: Bytes, label: string): Promise<Proof> {
  if (text.length > MAX_PROOF) throw new NotVerified(`${label} is larger than a proof can be.`);
  const proof = readProof(text);
  const { index, path, checkpoint } = proof;
  const root = path.length > MAX_PATH ? null : await rootFrom(await leafHash(leaf), { index, path, size: checkpoint.size });
  if (root === null || base64(root) !== checkpoint.root) {
    throw new NotVerified(`${label} does not prove entry ${index} with these bytes to be in the log.`);
  }
  return proof;
}
