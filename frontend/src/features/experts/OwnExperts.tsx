/** All experts of one organisation, with where the newest version of each stands. */
import { Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { PageButton, PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { useExperts } from "@/features/experts/api";

export function OwnExperts({ organisation }: { organisation: string }) {
  const experts = useExperts({ organisation });
  return (
    <Answered query={experts} what="experts">
      {(found) =>
        found.length === 0 ? (
          <Empty title="No expert yet">
            <Text c="dimmed" size="sm">
              Train one beside a public model, at home, and bring it here.
            </Text>
            <PageButton to="/upload">Upload an expert</PageButton>
          </Empty>
        ) : (
          <Stack>
            <RowList label="Experts">
              {found.map((expert) => (
                <li key={expert.id}>
                  <Group justify="space-between" gap="sm">
                    <Stack gap={2} miw={0}>
                      <PageLink to="/experts/$org/$name" params={{ org: expert.organisation, name: expert.name }} fw={600} underline="hover">
                        {expert.title}
                      </PageLink>
                      <Text size="sm" c="dimmed">
                        {expert.full_name}, {expert.domain}
                      </Text>
                    </Stack>
                    <Group gap="xs">
                      {expert.latest && (
                        <PageLink to="/versions/$id" params={{ id: expert.latest.id }} size="sm">
                          Version {expert.latest.number}
                        </PageLink>
                      )}
                      {expert.latest ? <StateBadge state={expert.latest.state} /> : <StateBadge state="draft" words="No version yet" />}
                    </Group>
                  </Group>
                </li>
              ))}
            </RowList>
            <MoreButton query={experts} />
          </Stack>
        )
      }
    </Answered>
  );
}
