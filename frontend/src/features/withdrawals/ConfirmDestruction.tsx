/** Step up: an owner lets the stored weights be destroyed, with their password once more. */
import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useConfirmDestruction } from "@/features/withdrawals/api";

export function ConfirmDestruction({ id, versionId }: { id: string; versionId: string }) {
  const [password, setPassword] = useState("");
  const confirm = useConfirmDestruction({ id, versionId });

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    confirm.mutate(password, { onSettled: () => setPassword("") });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Confirm the destruction">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <PasswordInput
            label="Your password"
            autoComplete="current-password"
            required
            maxLength={200}
            w="16rem"
            maw="100%"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" color="crimson" loading={confirm.isPending} disabled={password === ""}>
            Confirm the destruction
          </Button>
        </Group>
        {confirm.error && <RefusalNotice error={confirm.error} />}
      </Stack>
    </form>
  );
}
