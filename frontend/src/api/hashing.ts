/** SHA-256 by the browser; where a page did not come over https it has no such function, and slower code takes its place. */
import { sha256 as inScript } from "@noble/hashes/sha2.js";

export type Bytes = Uint8Array<ArrayBuffer>;

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return digest(joined(parts));
}

export async function digest(whole: Bytes): Promise<Bytes> {
  if (!hasWebCrypto()) return new Uint8Array(inScript(whole));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

export function hasWebCrypto(): boolean {
  return "subtle" in crypto;
}

export function joined(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
