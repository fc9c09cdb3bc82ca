/** What was published of a model, the newest first: the experts in each revision, and the names it was given. */
import { Group, Stack, Text } from "@mantine/core";
import type { Revision } from "@/api/types";
import { Answered } from "@/components/Answered";
import { MoreButton } from "@/components/MoreButton";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useRevisions } from "@/features/compositions/api";

export function RevisionList({ org, name }: { org: string; name: string }) {
  const revisions = useRevisions(org, name);
  return (
    <Answered query={revisions} what="revisions">
      {(found) =>
        found.length === 0 ? (
          <Text c="dimmed">Nothing has been published yet.</Text>
        ) : (
          <Stack>
            <RowList label="Revisions">
              {found.map((revision) => (
                <li key={revision.composition}>
                  <RevisionRow revision={revision} />
                </li>
              ))}
            </RowList>
            <MoreButton query={revisions} />
          </Stack>
        )
      }
    </Answered>
  );
}

function RevisionRow({ revision }: { revision: Revision }) {
  return (
    <Group justify="space-between" gap="sm">
      <Stack gap={2} miw={0}>
        <PageLink to="/compositions/$id" params={{ id: revision.composition }} ff="monospace">
          {revision.revision.slice(0, 12)}
        </PageLink>
        <Text size="sm">{revision.experts.map(({ expert, version }) => `${expert}@${version}`).join(", ")}</Text>
        <Text size="sm" c="dimmed">
          Published <When at={revision.published_at} />
        </Text>
      </Stack>
      <Group gap="xs">
        {revision.tags.map((tag) => (
          <StateBadge key={tag} state="tag" words={tag} />
        ))}
        {revision.main && <StateBadge state="published" words="main" />}
        <StateBadge state={revision.state} />
      </Group>
    </Group>
  );
}
