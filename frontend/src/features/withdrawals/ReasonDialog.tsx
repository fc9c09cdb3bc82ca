/** Asks for a reason, then does what the title says. */
import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { LateDialog } from "@/components/LateDialog";
import { RefusalNotice } from "@/components/RefusalNotice";
import { LONGEST_REASON, SHORTEST_REASON } from "@/features/withdrawals/reasons";

interface ReasonDialogProps {
  title: string;
  says: string;
  words: string;
  opened: boolean;
  act: { mutate: (reason: string, options: { onSuccess: () => void }) => void; isPending: boolean; error: Error | null };
  onClose: () => void;
}

export function ReasonDialog({ title, says, words, opened, act, onClose }: ReasonDialogProps) {
  const [reason, setReason] = useState("");
  const ready = reason.trim().length >= SHORTEST_REASON;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (ready) act.mutate(reason.trim(), { onSuccess: onClose });
  }

  return (
    <LateDialog opened={opened} onClose={onClose} title={title}>
      <form onSubmit={handleSubmit} aria-label={title}>
        <Stack>
          <Text>{says}</Text>
          <Textarea
            label="Reason"
            description={`At least ${SHORTEST_REASON} characters. The log keeps a commitment to it, not the words.`}
            required
            maxLength={LONGEST_REASON}
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {act.error && <RefusalNotice error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Leave it as it is
            </Button>
            <Button type="submit" loading={act.isPending} disabled={!ready}>
              {words}
            </Button>
          </Group>
        </Stack>
      </form>
    </LateDialog>
  );
}
