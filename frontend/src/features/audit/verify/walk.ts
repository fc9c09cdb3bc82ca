/**
 * Goes through a whole log: the root is computed from the hashes of all entries, each tile above is compared with it, and,
 * where that is asked for, each entry with its hash. Memory stays small however long the log is.
 */
import { equal, joined, type Bytes } from "@/api/hashing";
import { base64, hex, leafHash } from "@/api/proofs";
import { Frontier, HASH, wholeTree } from "@/features/audit/verify/merkle";
import { NotVerified } from "@/features/audit/verify/strict";
import { readBundle, readTile, tileName, WIDTH, widthOf, type Source } from "@/features/audit/verify/tiles";

/** How many tiles are on their way at once. */
const AHEAD = 8;

export interface Head {
  size: number;
  root: string; // base64
}

export interface Walk {
  head: Head;
  /** A head that was verified before, which this one must continue. */
  before: Head | null;
  /** Read the entries too, not only their hashes. */
  entries: boolean;
  onProgress: (done: number) => void;
}

/** Throws NotVerified unless the published tiles make the signed root, and continue what was seen before. */
export async function walkLog(source: Source, { head, before, entries, onProgress }: Walk): Promise<void> {
  const frontier = new Frontier();
  const rows: Bytes[][] = []; // hashes of tiles not yet full, by level above the lowest
  let earlier = before?.size === 0 ? await frontier.root() : null;
  for await (const [number, tile] of tilesOf(source, head.size, entries)) {
    const start = number * WIDTH;
    const width = tile.length / HASH;
    if (before && start < before.size && before.size <= start + width) {
      earlier = await rootWith(frontier, tile.subarray(0, (before.size - start) * HASH));
    }
    if (width === WIDTH) await addFull(source, head.size, { frontier, rows, tile });
    else for (const hash of hashesIn(tile)) await frontier.add(hash);
    onProgress(frontier.size);
  }
  for (const [at, row] of rows.entries()) if (row.length > 0) await compareRow(source, head.size, at + 1, row, frontier.size);
  if (base64(await frontier.root()) !== head.root) {
    throw new NotVerified(`The hashes of the ${head.size} entries do not make the root that the checkpoint is signed for.`);
  }
  if (before && (!earlier || base64(earlier) !== before.root)) {
    throw new NotVerified(`The log was rewritten: its first ${before.size} entries are not those that this browser saw before.`);
  }
}

/** The tiles of the lowest level in their order, fetched ahead. */
async function* tilesOf(source: Source, size: number, entries: boolean): AsyncGenerator<[number, Bytes]> {
  const count = Math.ceil(size / WIDTH);
  const coming: Promise<Bytes>[] = [];
  let asked = 0;
  for (let number = 0; number < count; number += 1) {
    for (; asked < Math.min(count, number + AHEAD); asked += 1) {
      const tile = entries ? checkedTile(source, asked, size) : readTile(source, 0, asked, size);
      tile.catch(() => undefined); // it is thrown where it is waited for
      coming.push(tile);
    }
    const tile = await coming.shift();
    if (tile) yield [number, tile];
  }
}

async function checkedTile(source: Source, number: number, size: number): Promise<Bytes> {
  const [tile, entries] = await Promise.all([readTile(source, 0, number, size), readBundle(source, number, size)]);
  const hashes = await Promise.all(entries.map(leafHash));
  const wrong = hashes.findIndex((hash, at) => !equal(hash, tile.subarray(at * HASH, (at + 1) * HASH)));
  if (wrong < 0) return tile;
  const bundle = tileName("entries", number, widthOf(0, number, size));
  throw new NotVerified(`Entry ${number * WIDTH + wrong} in ${bundle} is not the one whose hash the log lists.`);
}

interface Adding {
  frontier: Frontier;
  rows: Bytes[][];
  tile: Bytes;
}

async function addFull(source: Source, size: number, { frontier, rows, tile }: Adding): Promise<void> {
  let subtree = await wholeTree(tile);
  await frontier.add(subtree, WIDTH);
  for (let level = 1; ; level += 1) {
    const row = (rows[level - 1] ??= []);
    row.push(subtree);
    if (row.length < WIDTH) return;
    subtree = await wholeTree(joined(row));
    await compareRow(source, size, level, row, frontier.size);
    rows[level - 1] = [];
  }
}

/** The tile that ends where the entries read so far end must list what they hash to. */
async function compareRow(source: Source, size: number, level: number, row: readonly Bytes[], upTo: number): Promise<void> {
  const number = Math.floor((Math.floor(upTo / WIDTH ** level) - 1) / WIDTH);
  const tile = await readTile(source, level, number, size);
  const wrong = row.findIndex((hash, at) => !equal(hash, tile.subarray(at * HASH, (at + 1) * HASH)));
  if (wrong < 0) return;
  const name = tileName(level, number, widthOf(level, number, size));
  throw new NotVerified(`${name} was changed: its hash ${wrong} is not ${hex(row[wrong] ?? new Uint8Array()).slice(0, 12)}…, which the entries below it make.`);
}

async function rootWith(frontier: Frontier, hashes: Bytes): Promise<Bytes> {
  const past = new Frontier(frontier);
  for (const hash of hashesIn(hashes)) await past.add(hash);
  return past.root();
}

function hashesIn(tile: Uint8Array): Bytes[] {
  return Array.from({ length: tile.length / HASH }, (_, at) => tile.slice(at * HASH, (at + 1) * HASH));
}
