/** The parts of the service, each with one sentence: well or not, since it was asked just now. */
import { Group, Stack, Text } from "@mantine/core";
import type { HealthPart } from "@/api/types";
import { Answered } from "@/components/Answered";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { useHealth } from "@/features/administration/api";

export function Health() {
  return (
    <Section title="Health" about="Each part is asked when you look, and every ten seconds while this page is open.">
      <Answered query={useHealth()} what="parts">
        {({ parts }) => (
          <RowList label="Parts of the service">
            {parts.map((part) => (
              <PartRow key={part.name} part={part} />
            ))}
          </RowList>
        )}
      </Answered>
    </Section>
  );
}

function PartRow({ part }: { part: HealthPart }) {
  return (
    <li>
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <Stack gap={2} miw={0}>
          <Text fw={600}>{part.name}</Text>
          <Text size="sm">{part.sentence}</Text>
          <Text size="sm" c="dimmed">
            {[part.version, `answered in ${part.milliseconds.toString()} ms`].filter(Boolean).join(" · ")}
          </Text>
        </Stack>
        <StateBadge state={part.well ? "approved" : "failed"} words={part.well ? "Well" : "Look here"} />
      </Group>
    </li>
  );
}
