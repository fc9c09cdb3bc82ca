/** Until when it should be decided, and who is at it. While somebody is, nobody else decides; it ends by itself. */
import { Button, Group, Text } from "@mantine/core";
import type { Waiting } from "@/api/types";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { When } from "@/components/When";
import { useClaim } from "@/features/reviews/api";

interface ClaimBarProps {
  versionId: string;
  waiting: Waiting;
  mayReview: boolean;
}

export function ClaimBar({ versionId, waiting, mayReview }: ClaimBarProps) {
  const claim = useClaim(versionId, "claim");
  const release = useClaim(versionId, "release");
  const held = waiting.claim;
  const fault = claim.error ?? release.error;
  return (
    <Notice tone={waiting.overdue ? "warning" : "info"} title={waiting.overdue ? "A decision is overdue" : undefined}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          Due <When at={waiting.due_at} />.{" "}
          {held ? (
            <>
              {held.mine ? "You have" : `${held.reviewer} has`} claimed it until <When at={held.until} />.
            </>
          ) : (
            "Nobody has claimed it."
          )}
        </Text>
        {mayReview && !held && (
          <Button size="xs" variant="default" loading={claim.isPending} onClick={() => claim.mutate()}>
            Claim it
          </Button>
        )}
        {held?.mine && (
          <Button size="xs" variant="default" loading={release.isPending} onClick={() => release.mutate()}>
            Release it
          </Button>
        )}
      </Group>
      {fault && <RefusalNotice error={fault} />}
    </Notice>
  );
}
