/** The licence in plain words: declared by the owner, concluded by compliance, side by side. */
import { SimpleGrid, Spoiler, Stack, Text, Title } from "@mantine/core";
import type { Licence } from "@/api/types";
import { useVocabulary } from "@/api/vocabulary";
import { day } from "@/components/dates";
import { Facts } from "@/components/Facts";
import { LicenceConsequences } from "@/features/evidence/LicenceConsequences";

export function LicenceCard({ licence }: { licence: Licence }) {
  const terms = useVocabulary().data?.licences ?? [];
  const holds = licence.concluded || licence.declared;
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Stack gap={4}>
          <Title order={3}>Declared by the owner</Title>
          <Text style={{ overflowWrap: "anywhere" }}>{licence.declared}</Text>
        </Stack>
        <Stack gap={4}>
          <Title order={3}>Concluded by compliance</Title>
          <Text c={licence.concluded ? undefined : "dimmed"} style={{ overflowWrap: "anywhere" }}>
            {licence.concluded || "Not concluded yet"}
          </Text>
        </Stack>
      </SimpleGrid>
      <LicenceConsequences licence={terms.find((one) => one.id === holds)} expression={holds} />
      <Facts
        facts={[
          ["Attribution to give", licence.attribution],
          ["Valid until", licence.valid_until && day(licence.valid_until)],
        ]}
      />
      {licence.text && (
        <Spoiler maxHeight={120} showLabel="Show the whole text" hideLabel="Show less">
          <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
            {licence.text}
          </Text>
        </Spoiler>
      )}
    </Stack>
  );
}
