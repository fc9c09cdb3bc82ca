/** What the worker checked in a package, and what it found. */
import { Group, Stack, Text } from "@mantine/core";
import type { Check } from "@/api/types";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";

export function Checks({ checks }: { checks: readonly Check[] }) {
  if (checks.length === 0) {
    return <Text c="dimmed">No checks yet: they are made after the package is submitted.</Text>;
  }
  return (
    <RowList label="Checks">
      {checks.map((check) => (
        <li key={check.name}>
          <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
            <Stack gap={2} miw={0}>
              <Text fw={600}>{inWords(check.name)}</Text>
              {check.detail && (
                <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                  {check.detail}
                </Text>
              )}
            </Stack>
            <Outcome check={check} />
          </Group>
        </li>
      ))}
    </RowList>
  );
}

function Outcome({ check }: { check: Check }) {
  if (!check.ok) return <StateBadge state="failed" words="Failed" />;
  return check.attention ? <StateBadge state="verified" words="Passed, look here" /> : <StateBadge state="approved" words="Passed" />;
}

function inWords(name: string): string {
  const words = name.replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
