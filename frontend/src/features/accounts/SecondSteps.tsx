/** An authenticator app as the second step at sign-in, and the codes for when the telephone is lost. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { CopyBlock } from "@/components/CopyBlock";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { Again } from "@/features/accounts/Again";
import { QrCode } from "@/features/accounts/QrCode";
import {
  momentOf,
  useActivateTotp,
  useAuthenticators,
  useBeginTotp,
  useDeactivateTotp,
  useNewCodes,
  type Authenticator,
} from "@/features/accounts/security";

export function SecondSteps() {
  return (
    <Section title="Second step" about="With it, your password alone opens nothing.">
      <Answered query={useAuthenticators()} what="second steps">
        {(held) => {
          const app = held.find(({ type }) => type === "totp");
          const codes = held.find(({ type }) => type === "recovery_codes");
          return (
            <Stack>
              {app ? <TheApp app={app} /> : <SetUp />}
              {codes && <RecoveryCodes codes={codes} />}
            </Stack>
          );
        }}
      </Answered>
    </Section>
  );
}

function TheApp({ app }: { app: Authenticator }) {
  const deactivate = useDeactivateTotp();
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Stack gap={2}>
          <Text fw={600}>Authenticator app</Text>
          <Text size="sm" c="dimmed" component="div">
            set up <When at={momentOf(app.created_at)} />
          </Text>
        </Stack>
        <ConfirmButton
          words="Turn off"
          about="the authenticator app"
          question="Your password alone lets you in again."
          loading={deactivate.isPending}
          onConfirm={() => deactivate.mutate(undefined)}
        />
      </Group>
      <Again error={deactivate.error} onShown={() => deactivate.mutate(undefined)} />
    </Stack>
  );
}

function SetUp() {
  const [code, setCode] = useState("");
  const begin = useBeginTotp();
  const activate = useActivateTotp();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    activate.mutate(code.trim());
  }

  if (!begin.data) {
    return (
      <Stack gap="sm">
        <Button w="fit-content" loading={begin.isPending} onClick={() => begin.mutate()}>
          Set up an authenticator app
        </Button>
        {begin.error && <RefusalNotice error={begin.error} />}
      </Stack>
    );
  }
  return (
    <Stack gap="sm">
      <Text size="sm">Scan this with the app, or type the key into it. Then enter the six digits that it shows.</Text>
      <QrCode text={begin.data.totp_url} label="The key for your authenticator app, as a QR code" />
      <CopyBlock title="Key" text={begin.data.secret} />
      <form onSubmit={handleSubmit} aria-label="Set up an authenticator app">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Six digits"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            maxLength={8}
            w="9rem"
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <Button type="submit" loading={activate.isPending} disabled={!code.trim()}>
            Turn on
          </Button>
        </Group>
      </form>
      <Again error={activate.error} onShown={() => activate.mutate(code.trim())} />
    </Stack>
  );
}

function RecoveryCodes({ codes }: { codes: Authenticator }) {
  const make = useNewCodes();
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Stack gap={2}>
          <Text fw={600}>Recovery codes</Text>
          <Text size="sm" c="dimmed">
            {codes.unused_code_count ?? 0} unused; each opens once, in place of the second step
          </Text>
        </Stack>
        <ConfirmButton
          words="Make new codes"
          about="for recovery"
          question="Earlier codes open nothing any more."
          loading={make.isPending}
          onConfirm={() => make.mutate(undefined)}
        />
      </Group>
      <Again error={make.error} onShown={() => make.mutate(undefined)} />
      {make.data && (
        <Notice tone="good" role="status" title="Keep them safe: they are shown only once">
          <CopyBlock title="Recovery codes" text={make.data.unused_codes.join("\n")} />
        </Notice>
      )}
    </Stack>
  );
}
