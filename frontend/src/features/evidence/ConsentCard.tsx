/** The consent behind the data: on what ground, for which purposes, for whom, where, and until when. */
import { Stack } from "@mantine/core";
import { useState } from "react";
import type { Consent } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { day } from "@/components/dates";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";

export function ConsentCard({ consent }: { consent: Consent }) {
  const vocabulary = useVocabulary().data;
  const [opened] = useState(() => new Date());
  const ended = consent.valid_until !== null && new Date(consent.valid_until) < opened;
  return (
    <Stack gap="md">
      {ended && (
        <Notice tone="warning" title="This consent has ended">
          No model with this version is built or downloaded any more.
        </Notice>
      )}
      <Facts
        facts={[
          ["Legal ground", nameOf(vocabulary?.legal_bases, consent.legal_basis)],
          ["Purposes", consent.purposes.map((id) => nameOf(vocabulary?.purposes, id)).join(", ")],
          ["Recipients", consent.recipients.join(", ") || "any organisation"],
          ["Places", consent.jurisdictions.join(", ") || "anywhere"],
          ["Valid from", day(consent.valid_from)],
          ["Valid until", consent.valid_until ? day(consent.valid_until) : "no end set"],
          ["How it is withdrawn", consent.withdrawal_method],
        ]}
      />
    </Stack>
  );
}
