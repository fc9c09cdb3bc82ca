/**
 * A withdrawal's certificate or a consent's receipt: in-toto statements in DSSE envelopes, beside the entries of the log that
 * name their digest and the key that signed them.
 */
import { digest, joined, type Bytes } from "@/api/hashing";
import { hex, made, readKey, type Key, type Proof } from "@/api/proofs";
import { held, unseen, type Finding, type Report } from "@/features/audit/verify/findings";
import { proven } from "@/features/audit/verify/proven";
import { field, fromBase64, isObject, NotVerified, readJson, shown, type Fields } from "@/features/audit/verify/strict";
import type { Source } from "@/features/audit/verify/tiles";
import { addsKey, believe, readWhole, type Trust } from "@/features/audit/verify/trust";

const STATEMENT = "https://in-toto.io/Statement/v1";
const PAYLOAD = "application/vnd.in-toto+json";
const MAX_TRIED = 16;

interface Kind {
  what: string;
  event: string;
  predicate: string;
}

const KINDS: readonly Kind[] = [
  { what: "certificate of a withdrawal", event: "withdrawal.certified", predicate: "https://guildhall.dev/withdrawal/v1" },
  { what: "receipt of a consent", event: "receipt.issued", predicate: "https://guildhall.dev/consent-receipt/v1" },
];

/** Throws NotVerified unless all of it holds; asks the service for nothing but, at first, its key. */
export async function checkCertificate(data: Bytes, trust: Trust, source: Source): Promise<Report> {
  const bundle = readJson(data, "The file");
  if (!isObject(bundle["envelope"])) throw new NotVerified("That is no certificate of a withdrawal and no receipt of a consent.");
  if (bundle["proof"] === null) throw new NotVerified("The receipt has no proof yet; fetch it again when the log has published its entry.");
  const signer = await signerOf(field(bundle, "key", "object", "The file"), trust, source);
  const opened = await openEnvelope(bundle["envelope"], signer.key);
  const { proof, entry, believed } = await provenEntry(bundle, "Its entry", trust, source);
  if (proof.checkpoint.origin !== signer.proof.checkpoint.origin) {
    throw new NotVerified("It stands in one log and its signer's key in another; they must be one.");
  }
  const statement = readJson(opened.payload, "The statement");
  const kind = KINDS.find(({ event }) => event === entry["event"]);
  if (!kind) throw new NotVerified("Its entry in the log is not one that certifies a withdrawal or tells of a receipt.");
  const named = `sha256:${hex(await digest(opened.payload))}`;
  if (field(entry, "facts", "object", "Its entry")["statement_digest"] !== named) {
    throw new NotVerified("The statement is not the one whose digest the log holds.");
  }
  if (statement["_type"] !== STATEMENT || statement["predicateType"] !== kind.predicate) {
    throw new NotVerified(`The statement is no ${kind.what}.`);
  }
  return {
    findings: [
      opened.finding,
      held(`The log names that key for statements, in entry ${signer.proof.index}.`),
      held(`The log's entry ${proof.index} names the digest of just this ${kind.what}.`),
      ...believed,
      unseen("Whether what it says is true: it shows what was said and signed, and that this cannot be taken back."),
    ],
    facts: [
      ["What it is", `A ${kind.what}`],
      ["Signed by", shown(signer.key.name)],
      ["Place in the log", `entry ${proof.index} of ${shown(proof.checkpoint.origin)}, at ${shown(entry["at"])}`],
      ...subjects(statement).map((subject) => ["About", subject] as const),
    ],
    told: field(statement, "predicate", "object", "The statement"),
  };
}

interface Signer {
  key: Key;
  proof: Proof;
}

/** The key for statements, and where the log itself named it. */
async function signerOf(bundle: Fields, trust: Trust, source: Source): Promise<Signer> {
  const label = "The signing key's entry";
  const vkey = field(bundle, "vkey", "string", label);
  const key = await readWhole(vkey);
  const { proof, entry } = await provenEntry(bundle, label, trust, source);
  if (!addsKey(entry, vkey, "statements")) {
    throw new NotVerified("The key that signed is not the one that the log names in the entry given for it.");
  }
  return { key: { ...key, ...readKey(vkey) }, proof };
}

interface Proven {
  proof: Proof;
  entry: Fields;
  believed: readonly Finding[];
}

async function provenEntry(bundle: Fields, label: string, trust: Trust, source: Source): Promise<Proven> {
  const leaf = fromBase64(field(bundle, "leaf", "string", label), label);
  const proof = await proven(field(bundle, "proof", "string", label), leaf, `${label}'s proof`);
  const { findings } = await believe(proof.checkpoint, trust, source);
  return { proof, entry: readJson(leaf, label), believed: findings };
}

interface Opened {
  payload: Bytes;
  finding: Finding;
}

/** The payload of a DSSE envelope that this key signed. */
async function openEnvelope(envelope: Fields, key: Key): Promise<Opened> {
  const label = "The envelope";
  const kind = field(envelope, "payloadType", "string", label);
  const payload = fromBase64(field(envelope, "payload", "string", label), `${label}'s payload`);
  if (kind !== PAYLOAD) throw new NotVerified(`${label} holds ${shown(kind)}, not a statement.`);
  const text = joined([new TextEncoder().encode(`DSSEv1 ${kind.length} ${kind} ${payload.length} `), payload]);
  const tried = field(envelope, "signatures", "list", label).slice(0, MAX_TRIED).filter(isObject);
  const verdicts = await Promise.all(
    tried.map((one) => made(key, fromBase64(field(one, "sig", "string", label), `${label}'s signature`), text)),
  );
  if (verdicts.includes(true)) return { payload, finding: held(`It is signed by ${shown(key.name)}, and was not changed afterwards.`) };
  if (verdicts.includes(null)) return { payload, finding: unseen("Who signed it: this browser cannot check Ed25519 signatures here.") };
  throw new NotVerified(`It is not signed by ${shown(key.name)}, or was changed after it was signed.`);
}

function subjects(statement: Fields): string[] {
  return field(statement, "subject", "list", "The statement")
    .filter(isObject)
    .map(({ name, digest: digests }) => {
      const told = isObject(digests) ? Object.entries(digests).map(([kind, value]) => `${shown(kind)}:${shown(value)}`) : [];
      return `${shown(name)} (${told.join(", ")})`;
    });
}
