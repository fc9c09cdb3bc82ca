/** Reading a certificate: what was signed, and whether the log names just that. */
import { expect, test } from "vitest";
import { base64 } from "@/api/proofs";
import type { CertificateBundle } from "@/api/types";
import { readCertificate } from "@/features/withdrawals/certificate";

const STATEMENT = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "stage/drama@1", digest: { sha256: "ab".repeat(32) } }],
  predicateType: "https://guildhall.dev/withdrawal/v1",
  predicate: { withdrawal: "w1", cause: "owner", steps: [], models: [] },
});
const DIGEST = "sha256:099c21a68c873d50a8fba600333044cd840630620405d6036caf2cbb572c9ddb"; // by sha256sum
const ROOT = base64(new Uint8Array(32));

function bundle({ statement = STATEMENT, event = "withdrawal.certified", proof = "" } = {}): CertificateBundle {
  return {
    envelope: { payloadType: "application/vnd.in-toto+json", payload: text64(statement), signatures: [] },
    leaf: text64(JSON.stringify({ event, facts: { statement_digest: DIGEST } })),
    proof: proof || `c2sp.org/tlog-proof@v1\nindex 41\n${ROOT}\n\nguild.example/log\n77\n${ROOT}\n\n— guild.example/log AAAA\n`,
    key: { vkey: "guild.example/statements+1+AAAA", leaf: "", proof: "" },
  };
}

function text64(text: string): string {
  return base64(new TextEncoder().encode(text));
}

test("a certificate says what was withdrawn, and where the log says so", () => {
  expect(readCertificate(bundle())).toMatchObject({
    version: "stage/drama@1",
    dataDigest: `sha256:${"ab".repeat(32)}`,
    digest: DIGEST,
    inLog: true,
    index: 41,
    logSize: 77,
    origin: "guild.example/log",
  });
});

test("a statement that the log does not name is found", () => {
  expect(readCertificate(bundle({ statement: STATEMENT.replace("drama@1", "drama@2") })).inLog).toBe(false);
});

test("an entry of another kind does not count", () => {
  expect(readCertificate(bundle({ event: "version.withdrawn" })).inLog).toBe(false);
});

test("a bundle without a proof is no certificate", () => {
  expect(() => readCertificate(bundle({ proof: "nothing" }))).toThrow("The proof is not written as proofs are.");
});
