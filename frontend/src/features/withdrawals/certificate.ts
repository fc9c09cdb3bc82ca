/** Reads a certificate's bundle: the statement that was signed, and where the log names its digest. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesOf, hex, readProof } from "@/api/proofs";
import type { CertificateBundle, WithdrawalResiduals } from "@/api/types";

interface CertifiedStep {
  step: string;
  at: string;
  facts: Record<string, unknown>;
}

interface CertifiedModel {
  model: string;
  revision: string;
  now: string | null;
}

/** What the service says in the statement's predicate. */
export interface Predicate {
  withdrawal: string;
  cause: string;
  legal_basis: string;
  requested_at: string;
  steps: readonly CertifiedStep[];
  models: readonly CertifiedModel[];
  residuals: WithdrawalResiduals;
}

export interface Certificate {
  version: string;
  dataDigest: string;
  predicate: Predicate;
  digest: string; // of the statement, computed here
  inLog: boolean; // does the entry name that digest?
  index: number;
  logSize: number;
  origin: string;
  key: string;
}

interface Statement {
  subject: readonly { name: string; digest: { sha256: string } }[];
  predicate: Predicate;
}

interface Leaf {
  event: string;
  facts: { statement_digest?: string };
}

const text = new TextDecoder();

/** Throws where the bundle is no certificate. */
export function readCertificate(bundle: CertificateBundle): Certificate {
  const payload = bytesOf(String(bundle.envelope["payload"]));
  const statement = JSON.parse(text.decode(payload)) as Statement;
  const leaf = JSON.parse(text.decode(bytesOf(bundle.leaf))) as Leaf;
  const proof = readProof(bundle.proof);
  const digest = `sha256:${hex(sha256(payload))}`;
  const [subject] = statement.subject;
  return {
    version: subject?.name ?? "",
    dataDigest: `sha256:${subject?.digest.sha256 ?? ""}`,
    predicate: statement.predicate,
    digest,
    inLog: leaf.event === "withdrawal.certified" && leaf.facts.statement_digest === digest,
    index: proof.index,
    logSize: proof.checkpoint.size,
    origin: proof.checkpoint.origin,
    key: bundle.key.vkey,
  };
}
