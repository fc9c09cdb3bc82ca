/** E-mail and password. What the service says to a wrong one is shown as it is. */
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useSignIn } from "@/features/accounts/api";

export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    signIn.mutate({ email, password }, {
      onSuccess: (session) => {
        if (session.person) onSignedIn();
      },
    });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Sign in">
      <Stack>
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {signIn.error && <RefusalNotice error={signIn.error} />}
        <Button type="submit" loading={signIn.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
