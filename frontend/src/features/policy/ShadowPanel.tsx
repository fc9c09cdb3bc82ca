/** Running a set in shadow beside the one that decides, and what would be otherwise. */
import { Button, Group, Stack, Text, Title } from "@mantine/core";
import type { PolicySetWhole } from "@/api/types";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { When } from "@/components/When";
import { useShadowRun } from "@/features/policy/api";
import { ModelChanges, OtherAnswers, SentBack } from "@/features/policy/Foresight";

export function ShadowPanel({ set }: { set: PolicySetWhole }) {
  const run = useShadowRun(set.number);
  const found = run.data;
  return (
    <Stack>
      <div role="status">
        {found ? (
          <Notice tone={found.shadow.changed > 0 || found.models.length > 0 ? "warning" : "good"}>
            <Text fw={600}>{found.shadow.sentence}</Text>
          </Notice>
        ) : set.shadow && set.shadowed_at ? (
          <Notice tone="info">
            <span>
              <strong>{set.shadow.sentence}</strong> So said its last run, <When at={set.shadowed_at} />; run it again to see what
              would change one by one.
            </span>
          </Notice>
        ) : (
          <Text size="sm">It has not been run in shadow yet.</Text>
        )}
      </div>
      {run.error && <RefusalNotice error={run.error} />}
      {found && (
        <>
          <Stack gap="xs">
            <Title order={3}>Models</Title>
            <ModelChanges models={found.models} />
          </Stack>
          <OtherAnswers shadow={found.shadow} />
          <SentBack versions={found.shadow.sent_back} />
        </>
      )}
      <Group>
        <Button variant={found ? "default" : "filled"} loading={run.isPending} onClick={() => run.mutate()}>
          {found || set.shadowed_at ? "Run it in shadow again" : "Run it in shadow"}
        </Button>
      </Group>
    </Stack>
  );
}
