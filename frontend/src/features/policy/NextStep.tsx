/** What a proposed set still waits for, step by step, and the click that makes it the one that decides. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { PolicySetWhole } from "@/api/types";
import { LateDialog } from "@/components/LateDialog";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { When } from "@/components/When";
import { useActivate } from "@/features/policy/api";
import classes from "@/features/policy/Policy.module.css";

export function NextStep({ set }: { set: PolicySetWhole }) {
  const [asking, { open, close }] = useDisclosure(false);
  const activate = useActivate(set.number);
  const seen = isShadowed(set);
  return (
    <Notice tone="info" title="It waits for a second person">
      <ol className={classes["steps"]}>
        <li>
          Proposed by {set.proposed_by} {set.proposed_at && <When at={set.proposed_at} />}: done.
        </li>
        <li>Run in shadow since then, so that somebody has read what it would change: {seen ? "done." : "not yet."}</li>
        <li>
          {set.may.activate
            ? "Activated by somebody else than who proposed it: you may."
            : "Activated by somebody else than who proposed it: another person of compliance, or an operator."}
        </li>
      </ol>
      {set.may.activate && (
        <Group>
          <Button disabled={!seen} onClick={open}>
            Activate it
          </Button>
        </Group>
      )}
      <LateDialog
        opened={asking}
        onClose={close}
        title={`Activate policy set ${set.number}?`}
      >
        <Stack>
          <Text>From the next question on it decides: every build, every download. You and {set.proposed_by} stand for it in the log.</Text>
          {set.shadow && <Text fw={600}>{set.shadow.sentence}</Text>}
          {activate.error && <RefusalNotice error={activate.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not yet
            </Button>
            <Button loading={activate.isPending} onClick={() => activate.mutate(undefined, { onSuccess: close })}>
              Activate it
            </Button>
          </Group>
        </Stack>
      </LateDialog>
    </Notice>
  );
}

/** It was looked at since it was proposed. Beside which set, the service asks. */
export function isShadowed(set: Pick<PolicySetWhole, "shadowed_at" | "proposed_at">): boolean {
  if (!set.shadowed_at) return false;
  return !set.proposed_at || new Date(set.shadowed_at) >= new Date(set.proposed_at);
}
