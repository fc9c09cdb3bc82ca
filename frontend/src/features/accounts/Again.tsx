/** What was refused. Where only a fresh proof is missing, it is asked for here, and the deed is done afterwards. */
import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Refusal } from "@/api/client";
import { RefusalNotice } from "@/components/RefusalNotice";
import { AGAIN } from "@/features/accounts/door";
import { useAgain, useAgainByPasskey, useAuthenticators } from "@/features/accounts/security";

export function Again({ error, onShown }: { error: Error | null; onShown: () => void }) {
  if (!error) return null;
  if (error instanceof Refusal && error.problem.code === AGAIN) return <ShowYourself onShown={onShown} />;
  return <RefusalNotice error={error} />;
}

function ShowYourself({ onShown }: { onShown: () => void }) {
  const [password, setPassword] = useState("");
  const again = useAgain();
  const byPasskey = useAgainByPasskey();
  const hasPasskey = (useAuthenticators().data ?? []).some(({ type }) => type === "webauthn");
  const refused = again.error ?? byPasskey.error;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    again.mutate(password, { onSuccess: onShown });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Show that it is you">
      <Stack gap="sm">
        <PasswordInput
          label="Your password, once more"
          description="How you sign in is changed only by you"
          autoComplete="current-password"
          required
          maw="24rem"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {refused && <RefusalNotice error={refused} />}
        <Group gap="sm">
          <Button type="submit" loading={again.isPending} disabled={!password}>
            It is me
          </Button>
          {hasPasskey && (
            <Button variant="default" loading={byPasskey.isPending} onClick={() => byPasskey.mutate(undefined, { onSuccess: onShown })}>
              Use a passkey
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
