/** Why a composition was refused: each expert with the policy that said no, and its reason. */
import { Code, List } from "@mantine/core";
import type { Composition } from "@/api/types";
import { Notice } from "@/components/Notice";

export function Refusals({ refusals }: { refusals: Composition["refusals"] }) {
  if (refusals.length === 0) return null;
  return (
    <Notice tone="bad" title="Refused by policy">
      <List size="sm" spacing={4}>
        {refusals.map(({ expert, policy, reason }) => (
          <List.Item key={`${expert} ${policy}`}>
            <strong>{expert}</strong>: {reason} <Code>{policy}</Code>
          </List.Item>
        ))}
      </List>
    </Notice>
  );
}
