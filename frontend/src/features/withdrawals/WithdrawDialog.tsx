/** Shows what a withdrawal hits, asks why, then takes the version out of use. There is no way back, and it says so. */
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useWithdrawalPreview, useWithdrawVersion } from "@/features/withdrawals/api";
import { Effects } from "@/features/withdrawals/Effects";

const SHORTEST_REASON = 10;
const LONGEST_REASON = 500;

interface WithdrawDialogProps {
  id: string;
  name: string;
  opened: boolean;
  onClose: () => void;
}

export function WithdrawDialog({ id, name, opened, onClose }: WithdrawDialogProps) {
  const [reason, setReason] = useState("");
  const preview = useWithdrawalPreview(id, opened);
  const withdraw = useWithdrawVersion(id);
  const ready = reason.trim().length >= SHORTEST_REASON && preview.data !== undefined;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (ready) withdraw.mutate(reason.trim(), { onSuccess: onClose });
  }

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={`Withdraw ${name}`}
      closeButtonProps={{ "aria-label": "Close without withdrawing" }}
    >
      <form onSubmit={handleSubmit} aria-label={`Withdraw ${name}`}>
        <Stack>
          <Text>What runs on {name} stops at once. This cannot be undone; you can upload a new version later.</Text>
          <Answered query={preview} what="effects">
            {(effects) => <Effects preview={effects} />}
          </Answered>
          <Textarea
            label="Reason"
            description={`At least ${SHORTEST_REASON} characters. It is written into the log and shown to those who use it.`}
            required
            maxLength={LONGEST_REASON}
            autosize
            minRows={3}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
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
    </Modal>
  );
}
