/** A withdrawal from the click to its certificate, live: the checklist, and every model that held the version. */
import { List, Stack, Text } from "@mantine/core";
import type { Withdrawal } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Notice } from "@/components/Notice";
import { PageButton } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { useWithdrawal } from "@/features/withdrawals/api";
import { BASES, CAUSES, inWords } from "@/features/withdrawals/bases";
import { Checklist } from "@/features/withdrawals/Checklist";
import { ConfirmDestruction } from "@/features/withdrawals/ConfirmDestruction";
import { Residuals } from "@/features/withdrawals/Residuals";

interface WithdrawalProgressProps {
  versionId: string;
  owns: boolean;
  looksInto: boolean; // of the owner's organisation, or one whose work is to look
}

export function WithdrawalProgress({ versionId, owns, looksInto }: WithdrawalProgressProps) {
  const withdrawal = useWithdrawal(versionId);
  return (
    <Answered query={withdrawal} what="withdrawal">
      {(found) => (
        <>
          <Outcome withdrawal={found} />
          {found.steps.length > 0 && (
            <Section
              title="Step by step"
              aside={looksInto && found.ended_at && <CertificateLink id={found.id} />}
            >
              <Checklist
                steps={found.steps}
                under={{
                  destroy: owns && mayConfirm(found) && <ConfirmDestruction id={found.id} versionId={versionId} />,
                }}
              />
            </Section>
          )}
          {looksInto && found.steps.length > 0 && (
            <Section title="What a withdrawal cannot reach" about="Who may have a copy, whether they acknowledged, and what they may keep.">
              <Residuals id={found.id} />
            </Section>
          )}
        </>
      )}
    </Answered>
  );
}

function CertificateLink({ id }: { id: string }) {
  return (
    <PageButton size="xs" to="/withdrawals/$id/certificate" params={{ id }}>
      Certificate
    </PageButton>
  );
}

function Outcome({ withdrawal }: { withdrawal: Withdrawal }) {
  const { models, reason, requested_at: asked, propagated_at: end, cause, legal_basis: basis } = withdrawal;
  return (
    <Notice
      tone={end ? "good" : "info"}
      role="status"
      title={end ? "Withdrawn everywhere" : "Withdrawn; the models that held it are being seen to"}
    >
      <Stack gap={4}>
        <Text size="sm">
          {cause === "owner" ? "Withdrawn" : `${CAUSES[cause]}; withdrawn`} <When at={asked} />: {reason}
        </Text>
        {cause === "owner" && basis !== "other" && <Text size="sm">{inWords(BASES, basis)}.</Text>}
        {models.length === 0 && <Text size="sm">No model held it.</Text>}
        <List size="sm" spacing={2}>
          {models.map(({ model, revision, recomposed_revision: fresh }) => (
            <List.Item key={`${model} ${revision}`}>
              {model}: {revision ? `revision ${revision.slice(0, 8)} is no longer served.` : "a build with it was cancelled."}{" "}
              {whatNow(fresh, Boolean(end))}
            </List.Item>
          ))}
        </List>
      </Stack>
    </Notice>
  );
}

/** Only what is not confirmed yet, and not done. */
function mayConfirm(withdrawal: Withdrawal): boolean {
  const destroyed = withdrawal.steps.some(({ name, state }) => name === "destroy" && state === "done");
  return withdrawal.destruction_confirmed_at === null && !destroyed;
}

function whatNow(fresh: string | null, seenTo: boolean): string {
  if (fresh) return `Its main is now ${fresh.slice(0, 8)}, composed without it.`;
  return seenTo ? "It has no main now." : "It is being composed without it.";
}
