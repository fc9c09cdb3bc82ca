/** What became of a withdrawal: every model that held the version, and where it stands now. Live until the end. */
import { List, Text } from "@mantine/core";
import type { Withdrawal } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Notice } from "@/components/Notice";
import { When } from "@/components/When";
import { useWithdrawal } from "@/features/withdrawals/api";

export function WithdrawalResult({ id }: { id: string }) {
  const withdrawal = useWithdrawal(id);
  return (
    <Answered query={withdrawal} what="withdrawal">
      {(found) => <Outcome withdrawal={found} />}
    </Answered>
  );
}

function Outcome({ withdrawal }: { withdrawal: Withdrawal }) {
  const { models, reason, requested_at: asked, propagated_at: end } = withdrawal;
  return (
    <Notice
      tone={end ? "good" : "info"}
      role="status"
      title={end ? "Withdrawn everywhere" : "Withdrawn; the models that held it are being seen to"}
    >
      <Text size="sm">
        Withdrawn <When at={asked} />: {reason}
      </Text>
      {models.length === 0 && <Text size="sm">No model held it.</Text>}
      <List size="sm" spacing={2}>
        {models.map(({ model, revision, recomposed_revision: fresh }) => (
          <List.Item key={`${model} ${revision}`}>
            {model}: revision {revision.slice(0, 8)} is no longer served. {whatNow(fresh, Boolean(end))}
          </List.Item>
        ))}
      </List>
    </Notice>
  );
}

function whatNow(fresh: string | null, seenTo: boolean): string {
  if (fresh) return `Its main is now ${fresh.slice(0, 8)}, composed without it.`;
  return seenTo ? "It has no main now." : "It is being composed without it.";
}
