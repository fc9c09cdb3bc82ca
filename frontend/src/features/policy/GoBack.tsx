/** Proposing to go back to a set that has decided before. It takes a second person, as the first time. */
import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState, type SubmitEvent } from "react";
import type { PolicySetWhole } from "@/api/types";
import { LateDialog } from "@/components/LateDialog";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useGoBack } from "@/features/policy/api";

const SHORTEST = 10;
const LONGEST = 2_000;

export function GoBack({ set }: { set: PolicySetWhole }) {
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState("");
  const back = useGoBack(set.number);
  const ready = reason.trim().length >= SHORTEST;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (ready) back.mutate(reason.trim(), { onSuccess: close });
  }

  return (
    <>
      <Button variant="default" onClick={open}>
        Go back to it
      </Button>
      <LateDialog
        opened={opened}
        onClose={close}
        title={`Go back to policy set ${set.number}?`}
      >
        <form onSubmit={handleSubmit} aria-label={`Go back to policy set ${set.number}`}>
          <Stack>
            <Text>This proposes it, as it was. Nothing changes until somebody else activates it.</Text>
            <Textarea
              label="Reason"
              description={`At least ${SHORTEST} characters. Whoever activates it reads it.`}
              required
              maxLength={LONGEST}
              autosize
              minRows={2}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            {back.error && <RefusalNotice error={back.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Leave it as it is
              </Button>
              <Button type="submit" loading={back.isPending} disabled={!ready}>
                Propose it
              </Button>
            </Group>
          </Stack>
        </form>
      </LateDialog>
    </>
  );
}
