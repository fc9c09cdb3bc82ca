/** Coming in by an invitation: a name and a password; the address and the role stand in the invitation. */
import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useAcceptInvitation, useInvitation } from "@/features/accounts/administration";

export function JoinForm({ code, onJoined }: { code: string; onJoined: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const invitation = useInvitation(code);
  const accept = useAcceptInvitation();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    accept.mutate({ code, name: name.trim(), password }, { onSuccess: onJoined });
  }

  return (
    <Answered query={invitation} what="invitation">
      {({ email, role, organisation_name }) => (
        <form onSubmit={handleSubmit} aria-label="Accept the invitation">
          <Stack>
            <Text>
              You are invited to act for {organisation_name}, as {role}.
            </Text>
            <TextInput label="E-mail" type="email" autoComplete="username" readOnly value={email} />
            <TextInput
              label="Your name"
              autoComplete="name"
              required
              maxLength={120}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              description="At least 12 signs, and no common word"
              autoComplete="new-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {accept.error && <RefusalNotice error={accept.error} />}
            <Button type="submit" loading={accept.isPending} disabled={!name.trim() || !password}>
              Come in
            </Button>
          </Stack>
        </form>
      )}
    </Answered>
  );
}
