/** The rules of a set as a person reads them: what each is called, what it tells whom it refuses, and on what law it rests. */
import { Code, Group, Stack, Text } from "@mantine/core";
import type { PolicyRule } from "@/api/types";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";

export function Rules({ rules }: { rules: readonly PolicyRule[] }) {
  return (
    <RowList label="Rules">
      {rules.map((rule, place) => (
        <li key={`${rule.id} ${place}`}>
          <Stack gap={4}>
            <Group gap="xs">
              <Code style={{ overflowWrap: "anywhere" }}>{rule.id || "without a name"}</Code>
              <StateBadge
                state={rule.effect === "permit" ? "approved" : "rejected"}
                words={rule.effect === "permit" ? "Permits" : "Refuses"}
              />
              {rule.rereview && <StateBadge state="suspended" words="Sends back to review" />}
            </Group>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {rule.reason ? <Filled reason={rule.reason} /> : "Permits what no rule refuses."}
            </Text>
            {rule.law && (
              <Text size="sm" c="dimmed">
                Rests on {rule.law}
              </Text>
            )}
          </Stack>
        </li>
      ))}
    </RowList>
  );
}

/** What stands in braces is filled in with the facts of each question; here it is shown as what it stands for. */
function Filled({ reason }: { reason: string }) {
  return reason.split(/\{(\w+)\}/).map((part, place) => (place % 2 === 1 ? <em key={place}>‹{part.replaceAll("_", " ")}›</em> : part));
}
