/** What a withdrawal cannot reach, said honestly: copies elsewhere, who was told, who acknowledged, rights given for good. */
import { Code, Group, List, Stack, Text } from "@mantine/core";
import type { WithdrawalResiduals } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Notice } from "@/components/Notice";
import { RowList } from "@/components/RowList";
import { Sentence } from "@/components/Sentence";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { useResiduals } from "@/features/withdrawals/api";
import { acknowledgement, howItHasIt } from "@/features/withdrawals/residuals";

export function Residuals({ id }: { id: string }) {
  const residuals = useResiduals(id);
  return (
    <Answered query={residuals} what="residuals">
      {(found) => <Told residuals={found} />}
    </Answered>
  );
}

function Told({ residuals }: { residuals: WithdrawalResiduals }) {
  const { recipients, pinned_revisions: pinned, licence, licence_irrevocable: irrevocable, says } = residuals;
  return (
    <Stack>
      {recipients.length === 0 ? (
        <Text c="dimmed">No model held it, so nobody has a copy from here.</Text>
      ) : (
        <RowList label="Who may have a copy">
          {recipients.map((recipient) => {
            const { tone, words } = acknowledgement(recipient);
            return (
              <li key={recipient.organisation}>
                <Group justify="space-between" gap="sm">
                  <Stack gap={2} miw={0}>
                    <Text fw={600}>{recipient.organisation}</Text>
                    <Text size="sm" c="dimmed">
                      {howItHasIt(recipient)}; {count(recipient.deliveries, "message")} sent,{" "}
                      {recipient.acknowledged} acknowledged
                    </Text>
                  </Stack>
                  <StateBadge state={tone} words={words} />
                </Group>
              </li>
            );
          })}
        </RowList>
      )}
      {irrevocable && (
        <Notice tone="warning" title={`${licence} cannot be taken back`}>
          Rights that were given stay given: who has a copy may keep using it as the licence allows.
        </Notice>
      )}
      {pinned.length > 0 && (
        <Text size="sm">
          Revisions that caches may still hold:{" "}
          {pinned.map((revision) => (
            <Code key={revision} title={revision} me={6}>
              {revision.slice(0, 12)}
            </Code>
          ))}
        </Text>
      )}
      <List size="sm" spacing={4}>
        {says.map((sentence) => (
          <List.Item key={sentence}>
            <Sentence text={sentence} />
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
