/** Where the expert comes from, as its owner states it, and whether the signature on the package holds. */
import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Provenance } from "@/api/types";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";
import { When } from "@/components/When";

interface ProvenanceCardProps {
  provenance: Provenance;
  /** Why verification refused the signature, where it did. */
  refused?: string | undefined;
}

export function ProvenanceCard({ provenance, refused }: ProvenanceCardProps) {
  return (
    <Stack gap="md">
      <SignatureNotice provenance={provenance} refused={refused} />
      <Facts facts={statements(provenance.statement)} />
    </Stack>
  );
}

function SignatureNotice({ provenance, refused }: ProvenanceCardProps) {
  if (refused) {
    return (
      <Notice tone="bad" title="The signature was refused">
        {refused}
      </Notice>
    );
  }
  if (!provenance.checked_at) {
    return <Notice tone="info" title="The signature has not been checked yet" />;
  }
  if (!provenance.signature_verified) {
    return (
      <Notice tone="warning" title="No valid signature">
        The package does not carry a signature by a key that its organisation has registered.
      </Notice>
    );
  }
  return (
    <Notice tone="good" title="Signed by a registered key">
      <Text size="sm" component="div">
        <Digest value={provenance.key_fingerprint} what="key fingerprint" /> checked <When at={provenance.checked_at} />
      </Text>
    </Notice>
  );
}

const NAMES: Record<string, string> = {
  anchor_digest: "Trained beside",
  dataset: "The data",
  trained_by: "Trained by",
  code: "Code",
};

function statements(statement: Record<string, unknown>): [string, ReactNode][] {
  return Object.entries(statement).map(([name, value]) => {
    const words = typeof value === "string" ? value : JSON.stringify(value);
    const said = name.replaceAll("_", " ");
    return [NAMES[name] ?? said, words.startsWith("sha256:") ? <Digest key={name} value={words} what={said} /> : words];
  });
}
