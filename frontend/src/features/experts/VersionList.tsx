/** Every version of an expert, the newest first. */
import { Group, Stack, Text } from "@mantine/core";
import type { VersionBrief } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";

export function VersionList({ versions }: { versions: readonly VersionBrief[] }) {
  const newestFirst = [...versions].sort((one, other) => other.number - one.number);
  return (
    <RowList>
      {newestFirst.map((version) => (
        <li key={version.id}>
          <Group justify="space-between" gap="sm">
            <Stack gap={2} miw={0}>
              <PageLink to="/versions/$id" params={{ id: version.id }} fw={600} underline="hover">
                Version {version.number}
              </PageLink>
              <Text size="sm" c="dimmed">
                {version.licence}, drafted <When at={version.created_at} />
              </Text>
            </Stack>
            <StateBadge state={version.state} />
          </Group>
        </li>
      ))}
    </RowList>
  );
}
