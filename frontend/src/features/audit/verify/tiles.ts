/** A log's published files (C2SP tlog-tiles). Nothing that is read here is believed before it is hashed up to a signed root. */
import type { Bytes } from "@/api/hashing";
import { HASH, nodeHash, wholeTree } from "@/features/audit/verify/merkle";
import { NotVerified } from "@/features/audit/verify/strict";

export const WIDTH = 256;
const MAX_TILE = WIDTH * HASH;
const MAX_BUNDLE = WIDTH * (2 + 65_535);

export interface Source {
  /** The file's bytes, at most so many; null where there is none. */
  read(path: string, limit: number): Promise<Bytes | null>;
}

/** The log at its address. */
export function remote(address: string): Source {
  return {
    async read(path, limit) {
      let answer: Response;
      try {
        answer = await fetch(new Request(`${address}/${path}`, { redirect: "error" }));
        if (answer.status === 404) return null;
        if (answer.ok) return await bounded(answer, path, limit);
      } catch (fault) {
        if (fault instanceof NotVerified) throw fault;
        throw new NotVerified(`The log cannot be reached for ${path}; check your connection and try again.`);
      }
      throw new NotVerified(`The log answered ${answer.status} for ${path}.`);
    },
  };
}

async function bounded(answer: Response, path: string, limit: number): Promise<Bytes> {
  const large = () => new NotVerified(`${path} is larger than ${limit} bytes, more than it can be.`);
  if (Number(answer.headers.get("Content-Length") ?? 0) > limit) throw large();
  const data = new Uint8Array(await answer.arrayBuffer());
  if (data.length > limit) throw large();
  return data;
}

/** The path of a tile, or of a bundle for the level "entries". */
export function tileName(level: number | "entries", number: number, width = WIDTH): string {
  const parts = [String(number % 1000).padStart(3, "0")];
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    parts.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${parts.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
}

/** How many hashes this tile has in a tree of this size. */
export function widthOf(level: number, number: number, size: number): number {
  return Math.min(WIDTH, Math.floor(size / WIDTH ** level) - number * WIDTH);
}

/** The hashes of one tile, one after the other, as many as a tree of this size has there. */
export async function readTile(source: Source, level: number, number: number, size: number): Promise<Bytes> {
  const width = widthOf(level, number, size);
  const data = await fullOrPartial(source, level, number, width, MAX_TILE);
  if (data.length < width * HASH || data.length % HASH !== 0) {
    throw new NotVerified(`${tileName(level, number, width)} has ${data.length} bytes, not ${width} hashes.`);
  }
  return data.slice(0, width * HASH);
}

/** The entries of one bundle, as many as a log of this size has there. */
export async function readBundle(source: Source, number: number, size: number): Promise<Bytes[]> {
  const width = widthOf(0, number, size);
  const data = await fullOrPartial(source, "entries", number, width, MAX_BUNDLE);
  const name = tileName("entries", number, width);
  const entries: Bytes[] = [];
  for (let at = 0; at < data.length && entries.length < WIDTH; ) {
    const end = at + 2 + (data[at] ?? 0) * 256 + (data[at + 1] ?? 0);
    if (end > data.length) throw new NotVerified(`${name} ends inside entry ${number * WIDTH + entries.length}.`);
    entries.push(data.slice(at + 2, end));
    at = end;
  }
  if (entries.length < width) throw new NotVerified(`${name} has ${entries.length} entries, not ${width}.`);
  return entries.slice(0, width);
}

/** A partial tile may be gone once the full one is there; that one begins with it. */
async function fullOrPartial(source: Source, level: number | "entries", number: number, width: number, limit: number): Promise<Bytes> {
  const found =
    (await source.read(tileName(level, number, width), limit)) ??
    (width < WIDTH ? await source.read(tileName(level, number), limit) : null);
  if (!found) throw new NotVerified(`The log has no ${tileName(level, number, width)}.`);
  return found;
}

/** The hashes beside the way from an entry to the root (PATH of RFC 6962, 2.1.1), from the tiles of a tree of this size. */
export async function pathOf(source: Source, index: number, size: number): Promise<Bytes[]> {
  const path: Bytes[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const half = start + halfOf(end - start);
    path.unshift(index < half ? await rangeHash(source, half, end, size) : await rangeHash(source, start, half, size));
    [start, end] = index < half ? [start, half] : [half, end];
  }
  return path;
}

async function rangeHash(source: Source, start: number, end: number, size: number): Promise<Bytes> {
  const leaves = end - start;
  const half = halfOf(leaves);
  // What is a power of two, and begins at a multiple of it, stands whole in one tile.
  if (leaves === 1 || (half * 2 === leaves && start % leaves === 0)) return subtreeHash(source, start, leaves, size);
  return nodeHash(await rangeHash(source, start, start + half, size), await rangeHash(source, start + half, end, size));
}

async function subtreeHash(source: Source, start: number, leaves: number, size: number): Promise<Bytes> {
  const height = Math.round(Math.log2(leaves));
  const level = Math.floor(height / 8);
  const first = start / WIDTH ** level;
  const tile = await readTile(source, level, Math.floor(first / WIDTH), size);
  const at = (first % WIDTH) * HASH;
  return wholeTree(tile.subarray(at, at + 2 ** (height % 8) * HASH));
}

/** The largest power of two below; 1 of 2. */
function halfOf(leaves: number): number {
  let half = 1;
  while (half * 2 < leaves) half *= 2;
  return half;
}
