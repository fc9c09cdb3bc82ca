/** A model's proof, and whichever of its files came with it: is each what the log's entry includes? */
import { sha256 as hashing } from "@noble/hashes/sha2.js";
import { digest, type Bytes } from "@/api/hashing";
import { hex } from "@/api/proofs";
import { held, unseen, type Finding, type Report } from "@/features/audit/verify/findings";
import { proven } from "@/features/audit/verify/proven";
import { fileDigest, MAX_HASHED, type Hashed } from "@/features/audit/verify/shards";
import { field, isObject, NotVerified, read, readJson, shown, type Fields } from "@/features/audit/verify/strict";
import type { Source } from "@/features/audit/verify/tiles";
import { believe, type Trust } from "@/features/audit/verify/trust";

export const LEAF = "inclusion.json";
export const PROOF = "inclusion.tlog-proof";
const MANIFEST = "guildhall-manifest.json";
const SIGNATURE = "model.sig";
const FORMAT = "guildhall-manifest/1";
const MAX_LEAF = 65_535;
const MAX_PROOF = 128 * 1024;
const MAX_MANIFEST = 2 ** 20;
const MAX_PAPER = 4 * 2 ** 20;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
// What stock clients lay beside a download; no loader reads it.
const NOT_OURS = /^(?:\.cache|\.git|\.huggingface)(?:\/|$)|^\.gitattributes$/;

export type Files = ReadonlyMap<string, Blob>; // by path in the model's folder

interface Inclusion {
  version: string;
  slot: number;
  dataDigest: string;
}

export async function checkModel(files: Files, trust: Trust, source: Source, onRead: (name: string) => void): Promise<Report> {
  const leaf = await needed(files, LEAF, MAX_LEAF);
  const proof = await proven(new TextDecoder().decode(await needed(files, PROOF, MAX_PROOF)), leaf, PROOF);
  const { findings: believed } = await believe(proof.checkpoint, trust, source);
  const entry = readJson(leaf, LEAF);
  if (entry["event"] !== "composition.included") {
    throw new NotVerified(`${LEAF} is an entry of the log, but not one that includes experts in a model.`);
  }
  const facts = field(entry, "facts", "object", LEAF);
  const inclusions = field(facts, "inclusions", "list", LEAF).map(inclusionOf).sort((one, other) => one.slot - other.slot);
  return {
    findings: [
      held(`${PROOF} proves that ${LEAF} is entry ${proof.index} of the log.`),
      ...believed,
      ...(await checkFiles(files, facts, inclusions, onRead)),
      unseen("Whether any of these experts was withdrawn since; guildhall verify model FOLDER --max-age 15m asks."),
    ],
    facts: [
      ["Model", shown(field(facts, "model", "string", LEAF))],
      ["Revision", shown(field(facts, "revision", "string", LEAF))],
      ["Made for", `${shown(field(facts, "consumer", "string", LEAF))}, purpose ${shown(field(facts, "purpose", "string", LEAF))}`],
      ["Recorded", shown(field(entry, "at", "string", LEAF))],
      ...inclusions.map(({ slot, version, dataDigest }) => [`Slot ${slot}`, `${shown(version)}, ${shown(dataDigest)}`] as const),
    ],
  };
}

async function needed(files: Files, name: string, limit: number): Promise<Bytes> {
  const file = files.get(name);
  if (!file) throw new NotVerified(`${name} is missing; choose ${PROOF} together with ${LEAF}, or the model's whole folder.`);
  return read(file, name, limit);
}

function inclusionOf(item: unknown): Inclusion {
  if (!isObject(item)) throw new NotVerified(`${LEAF} lists an inclusion that is none.`);
  return {
    version: field(item, "version", "string", LEAF),
    slot: field(item, "slot", "number", LEAF),
    dataDigest: field(item, "data_digest", "string", LEAF),
  };
}

async function checkFiles(
  files: Files,
  facts: Fields,
  inclusions: readonly Inclusion[],
  onRead: (name: string) => void,
): Promise<Finding[]> {
  const papers = papersOf(facts);
  const manifest = files.get(MANIFEST);
  const more = [...files].filter(([path]) => ![LEAF, PROOF, MANIFEST, SIGNATURE].includes(path) && !NOT_OURS.test(path));
  if (!manifest) {
    const named = more.filter(([path]) => papers.has(path));
    const findings = await checkPapers(named, papers);
    const left = more.length - named.length;
    return [...findings, unseen(`The model's files: ${MANIFEST}, which lists them, was not given${left > 0 ? ` beside ${left} others` : ""}.`)];
  }
  const data = await read(manifest, MANIFEST, MAX_MANIFEST);
  const listed = await manifestOf(data, facts, inclusions);
  const findings = [held(`${MANIFEST} is the one that the entry includes: the revision is the beginning of its SHA-256.`)];
  findings.push(...(await checkPapers(more.filter(([path]) => papers.has(path)), papers)));
  const looked: string[] = [];
  const large: string[] = [];
  for (const [path, file] of more) {
    if (papers.has(path)) continue;
    const said = listed.get(path);
    if (!said) throw new NotVerified(`${shown(path)} was given, but is not in ${MANIFEST}; remove it before loading the model.`);
    if (file.size !== said.size) throw new NotVerified(`${path} has ${file.size} bytes; ${MANIFEST} says ${said.size}.`);
    if (file.size > MAX_HASHED) {
      large.push(path);
      continue;
    }
    onRead(path);
    checkDigests(path, await fileDigest(file, path), said.digest, inclusions);
    looked.push(path);
  }
  if (looked.length > 0) findings.push(held(`${looked.length} of its ${listed.size} files are the very bytes: ${some(looked)}.`));
  const absent = [...listed.keys()].filter((path) => !files.has(path));
  if (large.length > 0) findings.push(unseen(`Too large to be hashed in a page: ${some(large)}; guildhall verify model reads them.`));
  if (absent.length > 0) findings.push(unseen(`Files of it that were not given: ${some(absent)}.`));
  if (files.has(SIGNATURE)) findings.push(unseen(`Whose signature ${SIGNATURE} is; guildhall verify model FOLDER --log URL tells.`));
  return findings;
}

function checkDigests(path: string, found: Hashed, digestSaid: string, inclusions: readonly Inclusion[]): void {
  if (found.digest !== digestSaid) throw new NotVerified(`${path} was changed: it is not the file that ${MANIFEST} lists.`);
  const inclusion = inclusions.find(({ slot }) => path === `expert-${String(slot).padStart(2, "0")}.safetensors`);
  if (inclusion && found.data !== inclusion.dataDigest) {
    throw new NotVerified(`${path} holds other weights than those of the version that the log includes.`);
  }
}

/** The files that a manifest lists, once it is known to be the one that was included. */
async function manifestOf(data: Bytes, facts: Fields, inclusions: readonly Inclusion[]): Promise<Map<string, { size: number; digest: string }>> {
  const hash = hex(await digest(data));
  if (facts["manifest_digest"] !== `sha256:${hash}` || facts["revision"] !== hash.slice(0, 40)) {
    throw new NotVerified(`${MANIFEST} is not the one that the log includes: its digest is another.`);
  }
  const manifest = readJson(data, MANIFEST);
  if (manifest["format"] !== FORMAT) throw new NotVerified(`${MANIFEST} is not of the format ${FORMAT}.`);
  const experts = field(field(manifest, "recipe", "object", MANIFEST), "experts", "list", MANIFEST).filter(isObject);
  const made = experts.map(({ name, version, data_digest: data_ }, at) => `${at + 1} ${String(name)}@${String(version)} ${String(data_)}`);
  if (made.join() !== inclusions.map(({ slot, version, dataDigest }) => `${slot} ${version} ${dataDigest}`).join()) {
    throw new NotVerified(`${LEAF} includes other experts than ${MANIFEST} is made of.`);
  }
  const listed = new Map<string, { size: number; digest: string }>();
  for (const item of field(manifest, "files", "list", MANIFEST)) {
    if (!isObject(item)) throw new NotVerified(`${MANIFEST} lists a file that is none.`);
    const path = field(item, "path", "string", MANIFEST);
    listed.set(path, { size: field(item, "size", "number", MANIFEST), digest: field(item, "digest", "string", MANIFEST) });
  }
  return listed;
}

/** The papers beside the model that the entry names, with their digests; older entries name none. */
function papersOf(facts: Fields): Map<string, string> {
  const named = "papers" in facts ? field(facts, "papers", "object", LEAF) : {};
  return new Map(
    Object.entries(named).map(([path, value]) => {
      if (typeof value !== "string" || !DIGEST.test(value)) throw new NotVerified(`${LEAF} names ${shown(path)} in a way that cannot be right.`);
      return [path, value];
    }),
  );
}

async function checkPapers(given: readonly (readonly [string, Blob])[], papers: ReadonlyMap<string, string>): Promise<Finding[]> {
  for (const [path, file] of given) {
    const found = `sha256:${hex(hashing(await read(file, path, MAX_PAPER)))}`;
    if (found !== papers.get(path)) throw new NotVerified(`${path} was changed: it is not the paper whose digest the log holds.`);
  }
  return given.length > 0 ? [held(`The entry holds the digests of these papers: ${some(given.map(([path]) => path))}.`)] : [];
}

function some(paths: readonly string[]): string {
  const first = paths.slice(0, 4).map(shown).join(", ");
  return paths.length > 4 ? `${first} and ${paths.length - 4} more` : first;
}
