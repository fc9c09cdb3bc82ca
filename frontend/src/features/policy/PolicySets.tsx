/** All sets there ever were, the newest first: which decides, which waits, and who brought each about. */
import { Group, Stack, Text } from "@mantine/core";
import type { PolicySet } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { usePolicySets } from "@/features/policy/api";
import { standing } from "@/features/policy/sets";

export function PolicySets() {
  const sets = usePolicySets();
  return (
    <Answered query={sets} what="policy sets">
      {(found) =>
        found.length === 0 ? (
          <Empty title="There is no policy set yet">The set that comes with the software is put in place when the service starts.</Empty>
        ) : (
          <Stack>
            <RowList label="Policy sets">
              {found.map((set) => (
                <li key={set.number}>
                  <SetRow set={set} />
                </li>
              ))}
            </RowList>
            <MoreButton query={sets} />
          </Stack>
        )
      }
    </Answered>
  );
}

function SetRow({ set }: { set: PolicySet }) {
  const [state, words] = standing(set);
  return (
    <Group justify="space-between" gap="sm" align="flex-start">
      <Stack gap={2} miw={0} flex="1 1 16rem">
        <PageLink to="/policies/$number" params={{ number: String(set.number) }} fw={600} underline="hover">
          Policy set {set.number}
        </PageLink>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {set.reason || (set.shipped ? "Comes with the software." : "")}
        </Text>
        <Text size="sm" c="dimmed">
          {set.proposed_at ? (
            <>
              Proposed by {set.proposed_by || "nobody known"} <When at={set.proposed_at} />
            </>
          ) : (
            <>
              Here since <When at={set.created_at} />
            </>
          )}
          {set.activated_at && (
            <>
              , activated{set.activated_by ? ` by ${set.activated_by}` : ""} <When at={set.activated_at} />
            </>
          )}
        </Text>
      </Stack>
      <StateBadge state={state} words={words} />
    </Group>
  );
}
