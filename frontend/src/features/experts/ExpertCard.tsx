/** One expert in the catalogue: what it knows, whose it is, and whether it can be used now. */
import { Group, Paper, Stack, Text } from "@mantine/core";
import type { Expert } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import classes from "@/features/experts/Catalogue.module.css";

export function ExpertCard({ expert }: { expert: Expert }) {
  const { latest } = expert;
  return (
    <Paper withBorder p="md" className={classes["card"]}>
      <Stack gap="xs" h="100%">
        <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
          <PageLink
            to="/experts/$org/$name"
            params={{ org: expert.organisation, name: expert.name }}
            className={classes["title"]}
            fw={600}
            underline="hover"
          >
            {expert.title}
          </PageLink>
          {latest ? <StateBadge state={latest.state} /> : <StateBadge state="draft" words="No version" />}
        </Group>
        <Text size="sm" c="dimmed" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {expert.full_name}
        </Text>
        {expert.description && (
          <Text size="sm" lineClamp={3}>
            {expert.description}
          </Text>
        )}
        <Text size="sm" c="dimmed" mt="auto">
          {expert.domain}, for {expert.anchor}
          {latest && (
            <>
              {" "}
              · version {latest.number}, {latest.licence}, <When at={latest.created_at} />
            </>
          )}
        </Text>
      </Stack>
    </Paper>
  );
}
