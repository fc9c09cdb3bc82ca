/** Another password. All other sessions end with the old one. */
import { Button, PasswordInput, Stack } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { useChangePassword } from "@/features/accounts/security";

export function Password() {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const change = useChangePassword();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    change.mutate(
      { current_password: current, new_password: wanted },
      {
        onSuccess: () => {
          setCurrent("");
          setWanted("");
        },
      },
    );
  }

  return (
    <Section title="Password" about="When it is changed, you are signed out everywhere else.">
      <form onSubmit={handleSubmit} aria-label="Change the password">
        <Stack maw="24rem">
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description="At least 12 signs, and no common word"
            autoComplete="new-password"
            required
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          {change.error && <RefusalNotice error={change.error} />}
          {change.isSuccess && (
            <Notice tone="good" role="status" title="The password is changed">
              You are signed out everywhere else.
            </Notice>
          )}
          <Button type="submit" w="fit-content" loading={change.isPending} disabled={!current || !wanted}>
            Change the password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
