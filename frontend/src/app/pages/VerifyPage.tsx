/** For everybody, strangers too: the log, a model's proof and a certificate, checked in the reader's own browser. */
import { Anchor, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Page } from "@/components/Page";
import { Section } from "@/components/Section";
import { VerifyCertificate, VerifyModel } from "@/features/audit/verify/VerifyFiles";
import { VerifyLog } from "@/features/audit/verify/VerifyLog";

export function VerifyPage() {
  const [vkey, setVkey] = useState("");
  return (
    <Page
      title="Verify"
      about="Computed in your browser from what is published, without an account. Files that you give stay on this machine."
    >
      <Section title="The log" about="Every hash is fetched, the root computed again and held against the signed checkpoint and what this browser saw before.">
        <VerifyLog vkey={vkey} />
      </Section>
      <Section title="A model's proof" about="Was this model recorded, with these experts and no others? Are its files the ones that were recorded?">
        <VerifyModel vkey={vkey} />
      </Section>
      <Section title="A certificate" about="Who signed a withdrawal's certificate or a consent's receipt, where the log names it, and what stays out of reach.">
        <VerifyCertificate vkey={vkey} />
      </Section>
      <Section title="Whose word is taken">
        <TextInput
          label="The log's key, if you have it from elsewhere"
          description="As NAME+HASH+KEY. Without it the key that this service gives is believed at first sight, and remembered."
          value={vkey}
          onChange={(event) => setVkey(event.currentTarget.value)}
          spellCheck={false}
        />
        <Text size="sm" c="dimmed">
          This page itself comes from the service that it checks. Whoever does not want to rely on that runs{" "}
          <code>guildhall verify</code>, or Go&apos;s own tools, from <Anchor href="/guides/auditor">the auditor&apos;s guide</Anchor>.
        </Text>
      </Section>
    </Page>
  );
}
