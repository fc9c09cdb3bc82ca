/** SHA-256 of a whole file, read piece by piece, and of one part, by the browser itself. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const PIECE = 4 * 2 ** 20;

/** "sha256:…" of a file of any size; only one piece of it is in memory at a time. */
export async function digestOf(file: Blob, onRead: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const hash = sha256.create();
  for (let begin = 0; begin < file.size; begin += PIECE) {
    signal.throwIfAborted();
    const piece = await file.slice(begin, begin + PIECE).arrayBuffer();
    hash.update(new Uint8Array(piece));
    onRead(piece.byteLength);
  }
  return `sha256:${bytesToHex(hash.digest())}`;
}

/** The hex digest of a part. WebCrypto is absent on plain http to another machine; then the slower way is taken. */
export async function partDigest(bytes: ArrayBuffer): Promise<string> {
  if (!window.isSecureContext) return bytesToHex(sha256(new Uint8Array(bytes)));
  return bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
