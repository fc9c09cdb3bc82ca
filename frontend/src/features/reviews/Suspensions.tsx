/** Why a version that was approved is decided on again. */
import { Stack, Text } from "@mantine/core";
import type { Waiting } from "@/api/types";
import { Notice } from "@/components/Notice";
import { When } from "@/components/When";

type Cause = Waiting["suspensions"][number]["cause"];

const CAUSES: Record<Cause, string> = {
  "key-revoked": "The key that signed it was revoked",
  "licence-reclassified": "Compliance concluded another licence",
  demanded: "Compliance asked for it",
  policy: "A rule of the policies sent it back",
};

export function Suspensions({ waiting }: { waiting: Waiting }) {
  if (waiting.suspensions.length === 0) return null;
  return (
    <Notice tone="warning" title="Reviewed again: until it is decided on, it is denied everywhere">
      <Stack gap={4}>
        {waiting.suspensions.map(({ cause, policy, reason, suspended_at }) => (
          <Text key={suspended_at} size="sm" style={{ overflowWrap: "anywhere" }}>
            {CAUSES[cause]}
            {policy && ` (${policy})`}, <When at={suspended_at} />: {reason}
          </Text>
        ))}
      </Stack>
    </Notice>
  );
}
