/** What the owner gave, or declared, beside the text of another licence: word by word where they differ. */
import { Autocomplete, Group, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "@/api/client";
import type { Licence } from "@/api/types";
import { useVocabulary } from "@/api/vocabulary";
import { Answered } from "@/components/Answered";
import { Notice } from "@/components/Notice";
import { likeness } from "@/components/prose";
import { ProseDiff } from "@/components/TextDiff";

const PAUSE_MS = 300;

export function useLicenceTexts(expression: string) {
  return useQuery({
    queryKey: ["licence-texts", expression],
    queryFn: () => answer(client.GET("/api/v1/licences/texts", { params: { query: { expression } } })),
    enabled: expression !== "",
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** All texts of an expression as one. */
function whole(texts: { licences: readonly { text: string }[] }): string {
  return texts.licences.map(({ text }) => text).join("\n\n");
}

export function LicenceTexts({ licence }: { licence: Licence }) {
  const other = licence.concluded && licence.concluded !== licence.declared ? licence.concluded : licence.declared;
  const [beside, setBeside] = useState(other);
  const [asked] = useDebouncedValue(beside.trim(), PAUSE_MS);
  const known = useVocabulary().data?.licences ?? [];
  const declared = useLicenceTexts(licence.declared);
  const second = useLicenceTexts(asked);
  return (
    <Stack>
      <Group align="flex-end" gap="md">
        <Autocomplete
          label="Read beside the text of"
          description="The licence that you would conclude, or any other that has a text."
          data={known.map(({ id }) => id)}
          value={beside}
          onChange={setBeside}
          w="min(26rem, 100%)"
        />
      </Group>
      {asked !== "" && (
        <Answered query={declared} what="licence's text">
          {(first) => (
            <Answered query={second} what="other text">
              {(found) => <Compared licence={licence} standard={whole(first)} beside={asked} text={whole(found)} />}
            </Answered>
          )}
        </Answered>
      )}
    </Stack>
  );
}

interface ComparedProps {
  licence: Licence;
  standard: string;
  beside: string;
  text: string;
}

function Compared({ licence, standard, beside, text }: ComparedProps) {
  const given = licence.text.trim();
  const ours = given || standard.trim();
  const from = given ? "the text that the owner gave" : `the standard text of ${licence.declared}`;
  if (!given && beside === licence.declared) {
    return (
      <Text size="sm">
        The owner gave no text of their own: the standard text of {licence.declared} counts. Name another licence to read it beside.
      </Text>
    );
  }
  if (!text.trim() || !ours) {
    return (
      <Notice tone="info" title={`There is no standard text of ${text.trim() ? licence.declared : beside}`}>
        Neither SPDX nor the registry has one; read what the owner gave.
      </Notice>
    );
  }
  const alike = likeness(ours, text);
  return (
    <Stack gap="sm">
      <Notice tone={alike === 1 ? "good" : "warning"} role="status">
        <Text size="sm" fw={600}>
          {alike === 1
            ? `Word for word the same: ${from}, and ${beside}.`
            : `${share(alike)} of the words are the same. Struck out: only in ${from}. Underlined: only in ${beside}.`}
        </Text>
      </Notice>
      {alike < 1 && <ProseDiff before={ours} after={text} label={`Difference between ${from} and ${beside}`} />}
    </Stack>
  );
}

/** Never "100 %" while one word differs. */
export function share(part: number): string {
  return `${Math.min(99, Math.floor(part * 100))} %`;
}
