/** Shows what a withdrawal hits, asks how much and why, then takes it out of use. There is no way back, and it says so. */
import { Button, Group, NativeSelect, PasswordInput, Radio, Stack, Text, Textarea } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { Withdrawal } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useWithdraw, useWithdrawalPreview, type Scope, type Target, type Wish } from "@/features/withdrawals/api";
import { BASES, isBasis } from "@/features/withdrawals/bases";
import { Effects } from "@/features/withdrawals/Effects";
import { LONGEST_REASON, SHORTEST_REASON } from "@/features/withdrawals/reasons";

interface WithdrawDialogProps {
  target: Target;
  opened: boolean;
  onClose: () => void;
}

export function WithdrawDialog({ target, opened, onClose }: WithdrawDialogProps) {
  const [scope, setScope] = useState<Scope>("version");
  const what = namesOf(target)[scope];
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={`Withdraw ${what}`}
    >
      <WithdrawForm target={target} scope={scope} onScope={setScope} onClose={onClose} />
    </Dialog>
  );
}

interface WithdrawFormProps {
  target: Target;
  scope: Scope;
  onScope: (scope: Scope) => void;
  onClose: () => void;
}

function WithdrawForm({ target, scope, onScope, onClose }: WithdrawFormProps) {
  const [reason, setReason] = useState("");
  const [basis, setBasis] = useState<Wish["legal_basis"]>("other");
  const [password, setPassword] = useState("");
  const preview = useWithdrawalPreview(target, scope, true);
  const withdraw = useWithdraw(target, scope);
  const ready = reason.trim().length >= SHORTEST_REASON && preview.data !== undefined;
  const what = namesOf(target)[scope];

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (!ready) return;
    const wish: Wish = { reason: reason.trim(), legal_basis: basis, ...(password && { password }) };
    withdraw.mutate(wish, { onSuccess: (found) => (password && !confirmed(found) ? undefined : onClose()) });
  }

  if (withdraw.data) return <Unconfirmed what={what} onClose={onClose} />;
  return (
    <form onSubmit={handleSubmit} aria-label={`Withdraw ${what}`}>
      <Stack>
        <Text>What runs on {what} stops at once. This cannot be undone; you can upload a new version later.</Text>
        <ScopeChoice target={target} scope={scope} onScope={onScope} />
        <Answered query={preview} what="effects">
          {(effects) => <Effects preview={effects} scope={scope} />}
        </Answered>
        <Textarea
          label="Reason"
          description={`At least ${SHORTEST_REASON} characters. The log keeps a commitment to it; your organisation and auditors can read it.`}
          required
          maxLength={LONGEST_REASON}
          autosize
          minRows={2}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <NativeSelect
          label="Legal basis"
          data={Object.entries(BASES).map(([value, label]) => ({ value, label }))}
          value={basis}
          onChange={(event) => isBasis(event.currentTarget.value) && setBasis(event.currentTarget.value)}
        />
        <PasswordInput
          label="Your password, to destroy the stored weights too"
          description="Left empty, everything is denied at once all the same, and the destruction can be confirmed later. Nothing is destroyed before the grace period has passed."
          autoComplete="current-password"
          maxLength={200}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {withdraw.error && <RefusalNotice error={withdraw.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button type="submit" color="crimson" loading={withdraw.isPending} disabled={!ready}>
            Withdraw for good
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function ScopeChoice({ target, scope, onScope }: { target: Target; scope: Scope; onScope: (scope: Scope) => void }) {
  return (
    <Radio.Group label="What to withdraw" value={scope} onChange={onScope}>
      <Stack gap="xs" mt={6}>
        <Radio value="version" label={`This version, ${target.name}`} />
        <Radio value="expert" label={`The whole expert, every version of ${target.expert}`} />
        <Radio value="organisation" label={`Everything of ${target.organisation}, all its experts`} />
      </Stack>
    </Radio.Group>
  );
}

/** A wrong password stops no denial; but it must not be taken for a confirmation either. */
function Unconfirmed({ what, onClose }: { what: string; onClose: () => void }) {
  return (
    <Stack>
      <Notice tone="warning" role="alert" title="Withdrawn; the destruction is not confirmed">
        {`${what} is denied everywhere. The password did not confirm it, so the stored weights are kept until an owner confirms their destruction on the version's page.`}
      </Notice>
      <Group justify="flex-end">
        <Button onClick={onClose}>Show what happens now</Button>
      </Group>
    </Stack>
  );
}

function confirmed(found: readonly Withdrawal[]): boolean {
  return found.every((one) => one.destruction_confirmed_at !== null);
}

function namesOf({ name, expert, organisation }: Target): Record<Scope, string> {
  return { version: name, expert, organisation: `everything of ${organisation}` };
}
