/** Checks one entry from what is published of it; each finding says what was computed here and what came out. */
import { bytesAt, textOf } from "@/api/client";
import type { Entry } from "@/api/types";
import type { Finding } from "@/features/audit/verify/findings";
import { leafPath, proofPath } from "@/features/audit/api";
import { base64, hex, leafHash, Malformed, readKey, readProof, rootFrom, signedWith, type Proof } from "@/api/proofs";

/** Fetches the entry's leaf, its proof and the log's keys, and computes all of it again in this browser. */
export async function checkEntry(entry: Entry & { index: number }): Promise<Finding[]> {
  // A page that did not come over https has no such functions.
  if (!("subtle" in crypto)) return [{ ok: null, sentence: "This browser computes hashes only on pages that came over https." }];
  const [leaf, text, keys] = await Promise.all([bytesAt(leafPath(entry.index)), textOf(proofPath(entry.index)), logKeys()]);
  try {
    const hash = await leafHash(leaf);
    const proof = readProof(text);
    return [sameWords(entry, leaf), sameHash(entry, hash), await inTree(entry.index, hash, proof), await signed(proof, keys)];
  } catch (fault) {
    if (fault instanceof Malformed) return [{ ok: false, sentence: fault.message }];
    throw fault;
  }
}

/** The keys that the service says sign its log. */
async function logKeys(): Promise<string[]> {
  const told = JSON.parse(await textOf("/log/keys.json")) as { keys: { purpose: string; vkey: string }[] };
  return told.keys.filter(({ purpose }) => purpose === "log").map(({ vkey }) => vkey);
}

function sameWords(entry: Entry, leaf: Uint8Array): Finding {
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder().decode(leaf));
  } catch {
    return { ok: false, sentence: "The published entry cannot be read." };
  }
  const { event, about, actor, facts } = entry;
  const published = said as Partial<Pick<Entry, "event" | "about" | "actor" | "facts">>;
  const same =
    alike([event, about, actor, facts]) === alike([published.event, published.about, published.actor, published.facts]);
  return same
    ? { ok: true, sentence: "The published entry says what this page shows." }
    : { ok: false, sentence: "The published entry says something else than this page." };
}

function sameHash(entry: Entry, hash: Uint8Array): Finding {
  return hex(hash) === entry.leaf_hash
    ? { ok: true, sentence: `Its SHA-256 leaf hash is ${entry.leaf_hash.slice(0, 12)}…, as shown here.` }
    : { ok: false, sentence: `Its leaf hash is ${hex(hash)}, not the one shown here.` };
}

async function inTree(index: number, hash: Uint8Array<ArrayBuffer>, proof: Proof): Promise<Finding> {
  const { path, checkpoint } = proof;
  if (proof.index !== index) return { ok: false, sentence: `The proof is about entry ${proof.index}, not ${index}.` };
  const root = await rootFrom(hash, { index, path, size: checkpoint.size });
  return root !== null && base64(root) === checkpoint.root
    ? { ok: true, sentence: `With ${path.length} more hashes it makes the root of the log's ${checkpoint.size} entries: it is entry ${index}.` }
    : { ok: false, sentence: "It does not make the root that the checkpoint is signed for: it is not in this log." };
}

async function signed({ checkpoint }: Proof, keys: readonly string[]): Promise<Finding> {
  const verdicts = await Promise.all(keys.map((key) => signedWith(checkpoint, readKey(key))));
  const others = checkpoint.signatures.length - verdicts.filter(Boolean).length;
  const cosigned = others > 0 ? ` It carries ${others} more, such as those of witnesses, which were not looked at here.` : "";
  if (verdicts.includes(true)) return { ok: true, sentence: `The checkpoint is signed by ${checkpoint.origin}.${cosigned}` };
  if (verdicts.includes(null)) return { ok: null, sentence: "This browser cannot check Ed25519 signatures." };
  return { ok: false, sentence: "The checkpoint is not signed with the key of the log." };
}

/** One text for one meaning, in whatever order the names stand. */
function alike(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
