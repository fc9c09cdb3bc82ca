/** The experts of an anchor: those the policies allow for the purpose to choose from, the others with the reason why not. */
import { Checkbox, Code, Stack, Text } from "@mantine/core";
import type { ExplainedExpert } from "@/api/types";
import { Empty } from "@/components/Empty";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";

interface ExpertChoiceProps {
  explained: readonly ExplainedExpert[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function ExpertChoice({ explained, chosen, onChange }: ExpertChoiceProps) {
  if (explained.length === 0) {
    return <Empty title="No expert for this anchor yet">Only experts with an approved version can be asked for.</Empty>;
  }
  return (
    <Checkbox.Group aria-label="Experts" value={[...chosen]} onChange={onChange}>
      <RowList>
        {explained.map(({ expert, version, allowed, reasons }) => (
          <li key={expert}>
            <Stack gap={4}>
              <Checkbox
                value={expert}
                disabled={!allowed && !chosen.includes(expert)} // one that was chosen before can be taken off
                styles={{ label: { color: "var(--mantine-color-text)" } }}
                label={
                  <>
                    {expert}, version {version} {!allowed && <StateBadge state="refused" />}
                  </>
                }
              />
              {!allowed &&
                reasons.map(({ policy, reason }) => (
                  <Text key={policy} size="sm" ps="2rem">
                    {reason} <Code>{policy}</Code>
                  </Text>
                ))}
            </Stack>
          </li>
        ))}
      </RowList>
    </Checkbox.Group>
  );
}
