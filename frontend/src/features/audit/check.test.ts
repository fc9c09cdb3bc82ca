/** Checking an entry in the browser: a whole one passes, and each thing that was changed is found and named. */
import { expect, test } from "vitest";
import type { Entry } from "@/api/types";
import { checkEntry } from "@/features/audit/check";
import { service } from "@/testing/show";

// Made by the log's own hand in Python: the third of five entries.
const LEAF = '{"about":"playhouse/drama@3","actor":"service:verifier","at":"2026-11-22T12:00:00Z","event":"version.drafted","facts":{},"version":1}';
const KEY = "guild.example/log+069abe52+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const PROOF = [
  "c2sp.org/tlog-proof@v1",
  "index 2",
  "GT9Dkj5fuLq0FmtMQ8lGr7sp6FORYhh5vtg87X66gp8=",
  "Bdzgxgv0gkFYwsHnR56MDfeEhhUs9JhoEovjUnd4IqU=",
  "mBXAiW0wP5Xa27czzEV1YRC29Xk/KWrdN16kYLmQ0fg=",
  "",
  "guild.example/log",
  "5",
  "i2Re0Dsp66B+IB0ipSlwgjhNAGPDvt+milUkJWF2ZBA=",
  "",
  "— guild.example/log Bpq+UoRUoRU/YJ5jtpXx2QcTkQCsSzb9zY6R14+nrFdWlJOXnvNkmksKV+Ps+yALgOLyDQvfq9vhnGuGF/ARWpfnhgo=",
  "",
].join("\n");
const ENTRY: Entry & { index: number } = {
  id: 9,
  index: 2,
  at: "2026-11-22T12:00:00Z",
  event: "version.drafted",
  about: "playhouse/drama@3",
  actor: "service:verifier",
  actor_name: null,
  facts: {},
  private: {},
  leaf_hash: "fbb56bac4c8e79c0522c83690d03f419ae7371f27c102796c28dafee472fe7b8",
};

function published({ leaf = LEAF, proof = PROOF, key = KEY } = {}) {
  service({
    "GET /log/2/leaf": () => ({ body: leaf }),
    "GET /log/2/proof": () => ({ body: proof }),
    "GET /log/keys.json": () => ({
      body: JSON.stringify({ origin: "guild.example/log", keys: [{ purpose: "log", vkey: key, added: 0, retired: null, rotation: null }] }),
    }),
  });
}

async function wrong(entry = ENTRY): Promise<string[]> {
  return (await checkEntry(entry)).filter(({ ok }) => ok !== true).map(({ sentence }) => sentence);
}

test("an entry that is in the log passes, by hash, by place and by signature", async () => {
  published();

  const findings = await checkEntry(ENTRY);

  expect(findings.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  expect(findings[2]?.sentence).toBe("With 3 more hashes it makes the root of the log's 5 entries: it is entry 2.");
  expect(findings[3]?.sentence).toBe("The checkpoint is signed by guild.example/log.");
});

test("a changed leaf is found: it says something else, hashes to something else and is in no such tree", async () => {
  published({ leaf: LEAF.replace("drama@3", "drama@7") });

  const sentences = await wrong();

  expect(sentences).toHaveLength(3);
  expect(sentences[0]).toBe("The published entry says something else than this page.");
  expect(sentences[2]).toContain("it is not in this log");
});

test("a page that shows other facts than the log holds is found", async () => {
  published();

  expect(await wrong({ ...ENTRY, facts: { size: 12 } })).toEqual(["The published entry says something else than this page."]);
});

test.each([
  ["another root", PROOF.replace(/\n5\n..../, "\n5\nAAAA"), 2],
  ["a larger tree", PROOF.replace("\n5\n", "\n50\n"), 2],
  ["another step", PROOF.replace(/index 2\n..../, "index 2\nAAAA"), 1],
  ["a step too few", PROOF.replace(/index 2\n.+\n/, "index 2\n"), 1],
  ["the proof of another entry", PROOF.replace("index 2", "index 1"), 1],
  ["a changed signature", PROOF.replace(/(log [^ ]{20})./, "$1A"), 1],
])("a proof with %s proves nothing", async (_, proof, findings) => {
  published({ proof });

  expect(await wrong()).toHaveLength(findings);
});

test("a checkpoint signed by somebody else is found", async () => {
  published({ key: "guild.example/log+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });

  expect(await wrong()).toEqual(["The checkpoint is not signed with the key of the log."]);
});

test("what is no proof at all is said to be none", async () => {
  published({ proof: "<html>hello</html>" });

  expect(await wrong()).toEqual(["The proof is not written as proofs are."]);
});
