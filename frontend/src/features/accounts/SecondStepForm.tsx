/** The second step at the door: a code from the app, a recovery code, or a passkey. */
import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useSignOut } from "@/features/accounts/api";
import { useCode, useStepByPasskey } from "@/features/accounts/security";

export function SecondStepForm({ steps, onSignedIn }: { steps: readonly string[]; onSignedIn: () => void }) {
  const [text, setText] = useState("");
  const code = useCode();
  const byPasskey = useStepByPasskey();
  const leave = useSignOut();
  const refused = code.error ?? byPasskey.error;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    code.mutate(text.trim(), { onSuccess: onSignedIn });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Second step">
      <Stack>
        <Text>The password is right. Now the second step.</Text>
        <TextInput
          label="Code"
          description="From your authenticator app, or one of your recovery codes"
          autoComplete="one-time-code"
          required
          maxLength={20}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {refused && <RefusalNotice error={refused} />}
        <Button type="submit" loading={code.isPending} disabled={!text.trim()}>
          Go on
        </Button>
        {steps.includes("webauthn") && (
          <Button variant="default" loading={byPasskey.isPending} onClick={() => byPasskey.mutate(undefined, { onSuccess: onSignedIn })}>
            Use a passkey
          </Button>
        )}
        <Button variant="subtle" loading={leave.isPending} onClick={() => leave.mutate()}>
          Sign in as somebody else
        </Button>
      </Stack>
    </form>
  );
}
