/** The signing keys of one organisation: a package signed with one of them is known to be its own. */
import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { Key } from "@/api/types";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { Digest } from "@/components/Digest";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useKeys, useRegisterKey, useRevokeKey } from "@/features/accounts/api";

export function Keys({ organisation, name }: { organisation: string; name: string }) {
  const keys = useKeys(organisation);
  return (
    <Section title={`Signing keys of ${name}`} about="The public half only; the private half never leaves you.">
      <RegisterKey organisation={organisation} />
      <Answered query={keys} what="keys">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">No keys yet. A package is taken only if it is signed with one of these.</Text>
          ) : (
            <RowList label="Signing keys">
              {found.map((key) => (
                <KeyRow key={key.id} signingKey={key} organisation={organisation} />
              ))}
            </RowList>
          )
        }
      </Answered>
    </Section>
  );
}

function RegisterKey({ organisation }: { organisation: string }) {
  const [name, setName] = useState("");
  const [publicKey, setPublicKey] = useState("");
  const register = useRegisterKey(organisation);

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    register.mutate(
      { name: name.trim(), public_key: publicKey.trim() },
      {
        onSuccess: () => {
          setName("");
          setPublicKey("");
        },
      },
    );
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Register a signing key">
      <Stack>
        <TextInput
          label="Name"
          placeholder="training machine"
          required
          maxLength={80}
          maw="24rem"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Public key"
          description="PEM, on the curve P-256"
          placeholder="-----BEGIN PUBLIC KEY-----"
          required
          autosize
          minRows={3}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={publicKey}
          onChange={(event) => setPublicKey(event.currentTarget.value)}
        />
        {register.error && <RefusalNotice error={register.error} />}
        <Button type="submit" w="fit-content" loading={register.isPending} disabled={!name.trim() || !publicKey.trim()}>
          Register the key
        </Button>
      </Stack>
    </form>
  );
}

function KeyRow({ signingKey, organisation }: { signingKey: Key; organisation: string }) {
  const revoke = useRevokeKey(organisation);
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={2} miw={0}>
          <Text fw={600}>{signingKey.name}</Text>
          <Text size="sm" c="dimmed" component="div">
            <Digest value={signingKey.fingerprint} what="key fingerprint" /> registered <When at={signingKey.created_at} />
          </Text>
        </Stack>
        {signingKey.revoked_at ? (
          <StateBadge state="cancelled" words="Revoked" />
        ) : (
          <ConfirmButton
            words="Revoke"
            about={signingKey.name}
            question="Packages signed with it are no longer taken."
            loading={revoke.isPending}
            onConfirm={() => revoke.mutate(signingKey.id)}
          />
        )}
      </Group>
      {revoke.error && <RefusalNotice error={revoke.error} />}
    </li>
  );
}
