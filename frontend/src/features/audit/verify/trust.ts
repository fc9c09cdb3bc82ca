/**
 * Whose signature on a checkpoint is believed: a key that the reader names, or one that this browser met before. The first
 * is trusted at first sight, and the report says so; a later one must be named in a tree that a believed one signed.
 */
import {
  isWhole,
  leafHash,
  Malformed,
  readCheckpoint,
  readKey,
  rootFrom,
  base64,
  signedWith,
  type Checkpoint,
  type Key,
} from "@/api/proofs";
import { held, unseen, type Finding } from "@/features/audit/verify/findings";
import { field, isObject, NotVerified, readJson, shown, type Fields } from "@/features/audit/verify/strict";
import { pathOf, readBundle, WIDTH, type Source } from "@/features/audit/verify/tiles";

const KEYS = "keys.json";
const MAX_KEYS = 4 * 2 ** 20;
const MAX_LISTED = 1000;
const MAX_NOTE = 128 * 1024;
const KEPT = "guildhall.log-seen";

/** What this browser remembers of the log: its keys, and the last head that was verified whole. */
export interface Memory {
  origin: string;
  keys: readonly string[];
  size: number;
  root: string;
}

export interface Trust {
  /** Named by the reader; then no other is believed. */
  given: string | null;
  memory: Memory | null;
}

/** The keys that may sign, whether this browser meets them for the first time, and where more may be asked for. */
export interface Believed {
  findings: readonly Finding[];
  key: string | null; // null: this browser could not look
}

/** The believed key that signed this checkpoint; NotVerified where there is none. */
export async function believe(head: Checkpoint, trust: Trust, source: Source): Promise<Believed> {
  const cosigned = unlooked(head);
  if (trust.given !== null) {
    const key = await readWhole(trust.given);
    if (key.name !== head.origin) {
      throw new NotVerified(`The checkpoint is of the log ${shown(head.origin)}, and the key that you named is ${shown(key.name)}'s.`);
    }
    return named(await firstSigner(head, [trust.given]), head, "with the key that you named", cosigned);
  }
  const { memory } = trust;
  if (memory && memory.origin === head.origin) {
    const signer = await firstSigner(head, memory.keys);
    if (signer !== false) return named(signer, head, "with a key that this browser knew before", cosigned);
    const followed = await follow(memory.keys, head, source);
    return named(followed, head, "with a new key, which the log itself named while an older one still signed", cosigned);
  }
  const met = (await listed(source)).filter(({ purpose, vkey }) => purpose === "log" && readKey(vkey).name === head.origin);
  if (met.length === 0) throw new NotVerified(`It is of the log ${shown(head.origin)}, whose key is not known here; name that key to check it.`);
  const signer = await firstSigner(head, met.map(({ vkey }) => vkey));
  const first = "with the key that this service gives, seen here for the first time; compare it with one that you have from elsewhere";
  return named(signer, head, first, cosigned);
}

function named(key: string | null | false, head: Checkpoint, how: string, cosigned: readonly Finding[]): Believed {
  if (key === false) {
    throw new NotVerified(`The checkpoint of ${shown(head.origin)} (size ${head.size}) is not signed with a key that is trusted.`);
  }
  if (key === null) return { key, findings: [unseen("Whether the checkpoint is signed: this browser cannot check Ed25519 signatures here.")] };
  return { key, findings: [held(`The checkpoint of ${head.size} entries is signed by ${shown(head.origin)}, ${how}.`), ...cosigned] };
}

function unlooked(head: Checkpoint): Finding[] {
  const others = [...new Set(head.signatures.map(({ name }) => name).filter((name) => name !== head.origin))];
  return others.length > 0 ? [unseen(`The signatures of ${others.map(shown).join(", ")}: witnesses whose keys you would have to name.`)] : [];
}

/** The first of the keys that signed; false where none did, null where this browser cannot tell. */
async function firstSigner(head: Checkpoint, vkeys: readonly string[]): Promise<string | null | false> {
  let blind = false;
  for (const vkey of vkeys) {
    const verdict = await signedWith(head, readKey(vkey));
    if (verdict === true) return vkey;
    blind ||= verdict === null;
  }
  return blind ? null : false;
}

export async function readWhole(vkey: string): Promise<Key> {
  const key = readKey(vkey.trim());
  if (!(await isWhole(key))) throw new NotVerified("That is no Ed25519 key of a log; write NAME+HASH+KEY, as it was published.");
  return key;
}

interface Listed {
  purpose: string;
  vkey: string;
  added: number | null;
  rotation: string | null;
}

/** The keys as the log's keys.json lists them: hints where to look, never a proof. */
export async function listed(source: Source): Promise<Listed[]> {
  const data = await source.read(KEYS, MAX_KEYS);
  if (!data) throw new NotVerified("The log has no keys.json.");
  const items = field(readJson(data, KEYS), "keys", "list", KEYS);
  if (items.length > MAX_LISTED) throw new NotVerified(`${KEYS} lists more than ${MAX_LISTED} keys.`);
  return items.filter(isObject).map((item) => ({
    purpose: field(item, "purpose", "string", KEYS),
    vkey: field(item, "vkey", "string", KEYS),
    added: item["added"] === null ? null : field(item, "added", "number", KEYS),
    rotation: item["rotation"] === null ? null : field(item, "rotation", "string", KEYS),
  }));
}

/** From key to key: each next one signed, together with a believed one, a tree in which an entry adds it. */
async function follow(known: readonly string[], head: Checkpoint, source: Source): Promise<string | null | false> {
  const believed = [...known];
  let waiting = (await listed(source)).filter(({ purpose, vkey }) => purpose === "log" && !believed.includes(vkey));
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of waiting) {
      if (readKey(one.vkey).name !== head.origin || !(await vouchedFor(one, believed, source))) continue;
      believed.push(one.vkey);
      grew = true;
    }
    waiting = waiting.filter(({ vkey }) => !believed.includes(vkey));
  }
  return firstSigner(head, believed.slice(known.length));
}

async function vouchedFor({ vkey, added, rotation }: Listed, believed: readonly string[], source: Source): Promise<boolean> {
  if (rotation === null || added === null || rotation.length > MAX_NOTE) return false;
  const tree = readCheckpoint(rotation);
  if (added < 0 || added >= tree.size) return false;
  if (!(await firstSigner(tree, believed)) || !(await firstSigner(tree, [vkey]))) return false;
  const leaf = (await readBundle(source, Math.floor(added / WIDTH), tree.size))[added % WIDTH];
  if (!leaf || !addsKey(readJson(leaf, "The key's entry"), vkey, "log")) return false;
  const root = await rootFrom(await leafHash(leaf), { index: added, path: await pathOf(source, added, tree.size), size: tree.size });
  return root !== null && base64(root) === tree.root;
}

/** Does this entry tell that the log has such a key? */
export function addsKey(entry: Fields, vkey: string, purpose: string): boolean {
  const facts = entry["facts"];
  return (
    entry["event"] === "log_key.added" &&
    isObject(facts) &&
    Object.keys(facts).length === 2 &&
    facts["purpose"] === purpose &&
    facts["vkey"] === vkey
  );
}

export async function newestHead(source: Source): Promise<Checkpoint> {
  const note = await source.read("checkpoint", MAX_NOTE);
  if (!note) throw new NotVerified("The log has no checkpoint yet; it has one when its first entry is published.");
  return readCheckpoint(new TextDecoder().decode(note));
}

/** A log that shrank or took another name has not begun anew for whoever knew it. */
export function checkAgainst(memory: Memory | null, head: Checkpoint): void {
  if (!memory) return;
  if (memory.origin !== head.origin) {
    throw new NotVerified(`Here was the log ${shown(memory.origin)}, and now there is ${shown(head.origin)}; ask its operator why.`);
  }
  if (head.size < memory.size) {
    throw new NotVerified(`The log shrank: it has ${head.size} entries, and had ${memory.size} when this browser verified it last.`);
  }
}

export function remembered(): Memory | null {
  const text = window.localStorage.getItem(KEPT);
  if (text === null) return null;
  const label = "What this browser remembers of the log";
  try {
    const kept = readJson(new TextEncoder().encode(text), label);
    const keys = field(kept, "keys", "list", label).filter((key) => typeof key === "string");
    const [origin, root] = [field(kept, "origin", "string", label), field(kept, "root", "string", label)];
    return { origin, keys, size: field(kept, "size", "number", label), root };
  } catch (fault) {
    if (fault instanceof NotVerified) throw new Malformed(`${label} cannot be read any more; let it forget, and begin anew.`);
    throw fault;
  }
}

/** How many entries this browser verified last; null where there is nothing that could be read. */
export function lastVerified(): number | null {
  try {
    return remembered()?.size ?? null;
  } catch {
    return null;
  }
}

/** A browser that keeps nothing begins anew the next time. */
export function remember(memory: Memory): void {
  try {
    window.localStorage.setItem(KEPT, JSON.stringify(memory));
  } catch {
    // What was checked holds all the same.
  }
}

export function forget(): void {
  window.localStorage.removeItem(KEPT);
}
