/** Every build of a model, the newest first, with the one that main points at marked. */
import { Group, Stack, Text } from "@mantine/core";
import type { CompositionBrief } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";

interface CompositionListProps {
  compositions: readonly CompositionBrief[];
  main: string | undefined;
}

export function CompositionList({ compositions, main }: CompositionListProps) {
  const newestFirst = [...compositions].sort((one, other) => other.created_at.localeCompare(one.created_at));
  return (
    <RowList label="Builds">
      {newestFirst.map((composition) => (
        <li key={composition.id}>
          <Group justify="space-between" gap="sm">
            <Stack gap={2} miw={0}>
              <PageLink to="/compositions/$id" params={{ id: composition.id }} ff="monospace">
                {composition.revision ? composition.revision.slice(0, 12) : "no revision"}
              </PageLink>
              <Text size="sm" c="dimmed">
                Asked for <When at={composition.created_at} />
              </Text>
            </Stack>
            <Group gap="xs">
              {main !== undefined && composition.revision === main && <StateBadge state="published" words="main" />}
              <StateBadge state={composition.state} />
            </Group>
          </Group>
        </li>
      ))}
    </RowList>
  );
}
