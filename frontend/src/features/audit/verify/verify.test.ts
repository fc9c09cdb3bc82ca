/** Checking in the browser: what Python's log, model and certificate say holds; what was changed is refused and named. */
import { expect, test } from "vitest";
import type { Bytes } from "@/api/hashing";
import { base64, bytesOf } from "@/api/proofs";
import { checkCertificate } from "@/features/audit/verify/certificate";
import { reported } from "@/features/audit/verify/findings";
import { checkLog } from "@/features/audit/verify/log";
import { checkModel } from "@/features/audit/verify/model";
import type { Source } from "@/features/audit/verify/tiles";
import type { Memory, Trust } from "@/features/audit/verify/trust";
import vectors from "@/features/audit/verify/vectors.json";
import { walkLog } from "@/features/audit/verify/walk";

const { log } = vectors;
const FILES = log.files as Record<string, string>;
const STRANGER: Trust = { given: null, memory: null };
const GIVEN: Trust = { given: log.key, memory: null };
const BEFORE: Memory = { origin: "log.example/test", keys: [log.key], ...log.before };

function text(words: string): Bytes {
  return new TextEncoder().encode(words);
}

interface Changes {
  checkpoint?: string;
  files?: Record<string, string>;
  keys?: unknown;
}

function published({ checkpoint = log.checkpoint, files = {}, keys = log.keys }: Changes = {}): Source {
  const all: Record<string, string> = { ...FILES, ...files };
  return {
    read: (path) => {
      if (path === "checkpoint") return Promise.resolve(text(checkpoint));
      if (path === "keys.json") return Promise.resolve(text(JSON.stringify({ keys })));
      return Promise.resolve(path in all ? bytesOf(all[path] ?? "") : null);
    },
  };
}

/** The file with one of its bytes changed. */
function changed(path: string, at: number): Record<string, string> {
  const bytes = bytesOf(FILES[path] ?? "");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return { [path]: base64(bytes) };
}

function whole(source: Source, trust: Trust, entries = true) {
  return checkLog({ trust, source, entries, walk: (walk) => walkLog(source, { ...walk, onProgress: () => undefined }) });
}

test("a whole log holds: its head is signed, its tiles and entries make the root, and it is remembered", async () => {
  const { report, memory } = await whole(published(), STRANGER);

  expect(report.findings.map(({ ok }) => ok)).toEqual([true, true, true, null]);
  expect(memory).toEqual({ origin: "log.example/test", keys: [log.key], size: 700, root: log.checkpoint.split("\n")[2] });
});

test("a log that continues what was seen before says so", async () => {
  const { report } = await whole(published(), { given: null, memory: BEFORE }, false);

  expect(report.findings.map(({ sentence }) => sentence).join()).toContain("begins with the 300 entries");
});

test("progress is told tile by tile", async () => {
  const seen: number[] = [];
  const source = published();

  await walkLog(source, { head: { size: 700, root: log.checkpoint.split("\n")[2] ?? "" }, before: null, entries: false, onProgress: (done) => seen.push(done) });

  expect(seen).toEqual([256, 512, 700]);
});

test("a new key is followed where an entry under an older signature names it, and not otherwise", async () => {
  const rotated = published({ checkpoint: log.rotated });

  const { memory } = await whole(rotated, { given: null, memory: BEFORE }, false);

  expect(memory?.keys).toEqual([log.key, log.next]);
  const unnamed = log.keys.map((one) => (one.vkey === log.next ? { ...one, added: 399 } : one));
  const keys = published({ checkpoint: log.rotated, keys: unnamed });
  await expect(whole(keys, { given: null, memory: BEFORE }, false)).rejects.toThrow("The key's entry is no JSON.");
});

test.each<[what: string, log: Changes, trust: Trust, sentence: string]>([
  ["a changed hash", { files: changed("tile/0/001", 40) }, STRANGER, "tile/1/000.p/2 was changed"],
  ["a changed hash at the end", { files: changed("tile/0/002.p/188", 40) }, STRANGER, "do not make the root"],
  ["a changed entry", { files: changed("tile/entries/000", 5) }, STRANGER, "Entry 0 in tile/entries/000"],
  ["a bundle cut short", { files: { "tile/entries/000": base64(bytesOf(FILES["tile/entries/000"] ?? "").slice(0, 88)) } }, STRANGER, "ends inside entry"],
  ["a tile cut short", { files: { "tile/0/000": "AAAA" } }, STRANGER, "has 3 bytes, not 256 hashes"],
  ["another root", { checkpoint: log.checkpoint.replace(/\n700\n..../, "\n700\nAAAA") }, STRANGER, "is not signed with a key that is trusted"],
  ["a key of somebody else", {}, { given: log.next, memory: null }, "is not signed with a key that is trusted"],
  ["what is no key", {}, { given: "<script>", memory: null }, "That is no Ed25519 key of a log"],
  ["a history that was rewritten", {}, { given: null, memory: { ...BEFORE, root: log.other } }, "The log was rewritten"],
  ["a log that shrank", {}, { given: null, memory: { ...BEFORE, size: 701 } }, "The log shrank"],
  ["a log of another name", {}, { given: null, memory: { ...BEFORE, origin: "old.example/log" } }, "Here was the log old.example/log"],
  ["keys that are no list", { keys: "none" }, STRANGER, "keys.json has no keys that could be read"],
  ["no checkpoint", { checkpoint: "<html>" }, STRANGER, "not written as checkpoints are"],
])("a log with %s is refused", async (_, log_, trust, sentence) => {
  const reads = Object.keys(log_.files ?? {}).some((path) => path.includes("entries"));
  await expect(whole(published(log_), trust, reads)).rejects.toThrow(sentence);
});

type Contents = Record<string, string>;

function checkedModel(changes: Contents = {}) {
  const contents: Contents = { ...vectors.model, ...changes };
  const files = new Map(Object.entries(contents).filter(([, data]) => data !== "").map(([path, data]) => [path, new Blob([bytesOf(data)])]));
  return reported(() => checkModel(files, GIVEN, published(), () => undefined));
}

test("a model's proof and its small files hold; what was not given is named", async () => {
  const { findings, facts } = await checkedModel();

  expect(findings.filter(({ ok }) => ok === false)).toEqual([]);
  const said = findings.map(({ sentence }) => sentence).join("\n");
  expect(said).toContain("inclusion.tlog-proof proves that inclusion.json is entry 301 of the log.");
  expect(said).toContain("The entry holds the digests of these papers: decision.intoto.json, provenance.intoto.json.");
  expect(said).toContain("Files of it that were not given: ");
  expect(facts[0]).toEqual(["Model", "reader/stories"]);
});

test("the proof and its entry alone are enough to say what they show", async () => {
  const alone = Object.fromEntries(Object.keys(vectors.model).filter((path) => !path.startsWith("inclusion")).map((path) => [path, ""]));

  const { findings } = await checkedModel(alone);

  expect(findings.slice(0, 2).map(({ ok }) => ok)).toEqual([true, true]);
});

test.each([
  ["inclusion.json", "does not prove entry 301"],
  ["inclusion.tlog-proof", "not written as proofs are"],
  ["guildhall-manifest.json", "is not the one that the log includes"],
  ["config.json", "config.json was changed"],
  ["decision.intoto.json", "decision.intoto.json was changed"],
])("a model whose %s was changed is refused", async (path, sentence) => {
  const bytes = bytesOf((vectors.model as Contents)[path] ?? "");
  bytes[20] = (bytes[20] ?? 0) ^ 1;

  const { findings } = await checkedModel({ [path]: base64(bytes) });

  expect(findings.map(({ ok }) => ok)).toEqual([false]);
  expect(findings[0]?.sentence).toContain(sentence);
});

test("a model with a file more, or without its proof, is refused", async () => {
  expect((await checkedModel({ "evil.py": "AAAA" })).findings[0]?.sentence).toContain("evil.py was given, but is not in");
  expect((await checkedModel({ "inclusion.tlog-proof": "" })).findings[0]?.sentence).toContain("inclusion.tlog-proof is missing");
});

test("what breaks the reading itself is still one sentence", async () => {
  const { findings } = await reported(() => Promise.reject(new RangeError("too deep")));

  expect(findings).toEqual([{ ok: false, sentence: "It could not be read to its end in this browser." }]);
});

function checkedBundle(bundle: unknown, trust = GIVEN) {
  return reported(() => checkCertificate(text(typeof bundle === "string" ? bundle : JSON.stringify(bundle)), trust, published()));
}

test.each([
  ["certificate", vectors.certificate, "A certificate of a withdrawal"],
  ["receipt", vectors.receipt, "A receipt of a consent"],
])("a %s holds: who signed, where the log says so, and what it says", async (_, bundle, what) => {
  const { findings, facts, told } = await checkedBundle(bundle);

  expect(findings.map(({ ok }) => ok)).toEqual([true, true, true, true, null]);
  expect(facts[0]).toEqual(["What it is", what]);
  expect(told).toBeDefined();
});

const { certificate, receipt } = vectors;

test.each([
  ["something else", "<html>hello</html>", "The file is no JSON."],
  ["a list", "[]", "The file holds no JSON object."],
  ["nests too deep", `${'{"a":'.repeat(40)}1${"}".repeat(40)}`, "nested deeper than 16 levels"],
  ["another object", { hello: 1 }, "That is no certificate of a withdrawal"],
  ["a changed statement", { ...certificate, envelope: { ...certificate.envelope, payload: receipt.envelope.payload } }, "It is not signed by"],
  ["another's entry", { ...certificate, leaf: receipt.leaf }, "does not prove entry 3"],
  ["another's signature", { ...certificate, envelope: receipt.envelope }, "The statement is not the one whose digest the log holds."],
  ["a key that the log does not name", { ...certificate, key: { ...certificate.key, vkey: log.next } }, "is not the one that the log names"],
  ["no proof yet", { ...receipt, proof: null }, "The receipt has no proof yet"],
  ["a number for a key", { ...certificate, key: 7 }, "The file has no key that could be read."],
])("a certificate that is %s is refused in one sentence", async (_, bundle, sentence) => {
  const { findings } = await checkedBundle(bundle);

  expect(findings.map(({ ok }) => ok)).toEqual([false]);
  expect(findings[0]?.sentence).toContain(sentence);
});

test("a certificate of a log that nobody vouches for is refused", async () => {
  const { findings } = await checkedBundle(certificate, { given: log.next, memory: null });

  expect(findings[0]).toMatchObject({ ok: false });
});
