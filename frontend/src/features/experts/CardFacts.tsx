/** What the owner's cards say: training, evaluation, privacy, data. Their words, marked as theirs. */
import { Spoiler, Stack, Title } from "@mantine/core";
import { Facts } from "@/components/Facts";
import { JsonBlock } from "@/components/JsonBlock";
import { facts, plain } from "@/features/experts/cards";

interface CardFactsProps {
  card: Record<string, unknown>;
  dataCard: Record<string, unknown>;
}

const PARTS = ["architecture", "training", "evaluation", "privacy"];

export function CardFacts({ card, dataCard }: CardFactsProps) {
  const parts = PARTS.map((part) => [part, facts(card, part)] as const).filter(([, known]) => known.length > 0);
  const data = Object.entries(dataCard).flatMap(([name, value]) => {
    const words = plain(value);
    return words === null || name.startsWith("@") ? [] : [[name, words] as [string, string]];
  });
  return (
    <Stack gap="md">
      {parts.map(([part, known]) => (
        <Stack key={part} gap={6}>
          <Title order={3} tt="capitalize">
            {part}
          </Title>
          <Facts facts={known} />
        </Stack>
      ))}
      {data.length > 0 && (
        <Stack gap={6}>
          <Title order={3}>The data</Title>
          <Facts facts={data} />
        </Stack>
      )}
      <Spoiler maxHeight={0} showLabel="Show both cards as they are" hideLabel="Hide the cards">
        <JsonBlock value={{ "expert.json": card, "data-card.json": dataCard }} />
      </Spoiler>
    </Stack>
  );
}
