/** The consent behind the data: on what ground, for which purposes, for whom, where, and until when. */
import { Stack } from "@mantine/core";
import { useState } from "react";
import type { Consent } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { day } from "@/components/dates";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";
import { count } from "@/components/sizes";
import { WANTED } from "@/features/evidence/evidence";

/** A fact that is only shown when it was given. */
function said(name: string, value: string): [string, string][] {
  return value ? [[name, value]] : [];
}

const UNITS: readonly [RegExp, string][] = [
  [/(\d+)Y/, "year"],
  [/(\d+)M/, "month"],
  [/(\d+)W/, "week"],
  [/(\d+)D/, "day"],
];

/** P1Y6M as people say it. */
function duration(code: string): string {
  return UNITS.flatMap(([unit, name]) => {
    const found = unit.exec(code)?.[1];
    return found ? [count(Number(found), name)] : [];
  }).join(", ");
}

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
      {consent.gaps.length > 0 && (
        <Notice tone="info" title="The record leaves things out">
          {`ISO/IEC TS 27560 wants them where data is personal: ${consent.gaps.map((name) => WANTED[name] ?? name).join("; ")}.`}
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
          ...said("Kinds of personal data", consent.data_categories.map((id) => nameOf(vocabulary?.data_categories, id)).join("; ")),
          ...said("Controllers", consent.controllers.join(", ")),
          ...said("Stored in", consent.storage_locations.join(", ")),
          ...said("Kept for", duration(consent.retention)),
          ...said("Notice", [consent.notice, consent.language].filter(Boolean).join(", ")),
        ]}
      />
    </Stack>
  );
}
