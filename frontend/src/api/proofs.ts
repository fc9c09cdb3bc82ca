/**
 * Checks a log entry by the reader's own computation: RFC 6962 hashing over C2SP checkpoints and tlog-proofs, with the
 * hashes and signatures of the browser. Nothing here believes what the service says of itself, except which key is its.
 */
import { hasWebCrypto, sha256 } from "@/api/hashing";

export interface Checkpoint {
  origin: string;
  size: number;
  root: string; // base64
  signed: string; // the bytes that the signatures are over, as text
  signatures: readonly { name: string; bytes: Uint8Array<ArrayBuffer> }[];
}

export interface Proof {
  index: number;
  path: readonly Uint8Array<ArrayBuffer>[];
  checkpoint: Checkpoint;
}

export interface Key {
  name: string;
  hash: string; // hex, eight digits
  algorithm: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What is not written as it should be, in one sentence. */
export class Malformed extends Error {}

const PROOF_HEAD = "c2sp.org/tlog-proof@v1";
const ED25519 = 0x01;
const HASH_BYTES = 32;

export function readCheckpoint(note: string): Checkpoint {
  const end = note.indexOf("\n\n");
  const [origin = "", size = "", root = ""] = note.slice(0, end).split("\n");
  if (end < 0 || !origin || !/^(0|[1-9]\d{0,15})$/.test(size) || bytesOf(root).length !== HASH_BYTES) {
    throw new Malformed("The checkpoint is not written as checkpoints are.");
  }
  const signatures = note
    .slice(end + 2)
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const found = /^— (\S+) (\S+)$/.exec(line);
      if (!found) throw new Malformed("The checkpoint has a line among its signatures that is none.");
      return { name: found[1] ?? "", bytes: bytesOf(found[2] ?? "") };
    });
  return { origin, size: Number(size), root, signed: note.slice(0, end + 1), signatures };
}

export function readProof(text: string): Proof {
  const end = text.indexOf("\n\n");
  const [head, place = "", ...steps] = text.slice(0, Math.max(end, 0)).split("\n");
  const index = /^index (0|[1-9]\d{0,15})$/.exec(place)?.[1];
  if (head !== PROOF_HEAD || index === undefined) throw new Malformed("The proof is not written as proofs are.");
  const path = steps.map(bytesOf);
  if (path.some((step) => step.length !== HASH_BYTES)) throw new Malformed("A step of the proof is not a hash.");
  return { index: Number(index), path, checkpoint: readCheckpoint(text.slice(end + 2)) };
}

/** A note key as text: name+hash+base64. */
export function readKey(text: string): Key {
  const [name = "", hash = "", ...rest] = text.split("+");
  const [algorithm = 0, ...key] = bytesOf(rest.join("+"));
  return { name, hash, algorithm, bytes: new Uint8Array(key) };
}

export async function leafHash(leaf: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(new Uint8Array([0]), leaf);
}

/** The root that the leaf and the path make (RFC 9162, 2.1.3.2); null where the path is too short or too long for the tree. */
export async function rootFrom(
  leaf: Uint8Array<ArrayBuffer>,
  { index, path, size }: { index: number; path: readonly Uint8Array<ArrayBuffer>[]; size: number },
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (index >= size) return null;
  // Halving instead of shifting: shifts end at 32 bits, and a log may be longer.
  let [at, last, found] = [index, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      found = await sha256(new Uint8Array([1]), step, found);
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)];
    } else {
      found = await sha256(new Uint8Array([1]), found, step);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? found : null;
}

/** Is the checkpoint signed with this key? Null where the browser knows no Ed25519. */
export async function signedWith(checkpoint: Checkpoint, key: Key): Promise<boolean | null> {
  const signature = checkpoint.signatures.find(
    ({ name, bytes }) => name === key.name && hex(bytes.slice(0, 4)) === key.hash,
  );
  if (!signature || !(await isWhole(key))) return false;
  return made(key, signature.bytes.slice(4), encoded(checkpoint.signed));
}

/** An Ed25519 key whose hash is its own. */
export async function isWhole({ name, hash, algorithm, bytes }: Key): Promise<boolean> {
  if (algorithm !== ED25519 || bytes.length !== 32) return false;
  const expected = await sha256(encoded(`${name}\n`), new Uint8Array([algorithm]), bytes);
  return hex(expected.slice(0, 4)) === hash;
}

/** Did this key make the signature over this text? Null where the browser knows no Ed25519. */
export async function made(key: Key, signature: Uint8Array<ArrayBuffer>, text: Uint8Array<ArrayBuffer>): Promise<boolean | null> {
  if (!hasWebCrypto()) return null;
  try {
    const known = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", known, signature, text);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "NotSupportedError") return null;
    return false;
  }
}

/** The bytes of strict base64; none where the text is something else. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return new Uint8Array();
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function half(number: number): number {
  return Math.floor(number / 2);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
