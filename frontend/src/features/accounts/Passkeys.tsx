/** Passkeys: signing in by what a device or a security key holds, without a password. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { Again } from "@/features/accounts/Again";
import { momentOf, useAddPasskey, useAuthenticators, useRemovePasskey, type Authenticator } from "@/features/accounts/security";

export function Passkeys() {
  return (
    <Section title="Passkeys" about="Sign in by fingerprint, face or security key, without a password.">
      <AddPasskey />
      <Answered query={useAuthenticators()} what="passkeys">
        {(held) => {
          const passkeys = held.filter(({ type }) => type === "webauthn");
          return passkeys.length === 0 ? (
            <Text c="dimmed">No passkeys yet.</Text>
          ) : (
            <RowList label="Passkeys">
              {passkeys.map((passkey) => (
                <PasskeyRow key={passkey.id} passkey={passkey} />
              ))}
            </RowList>
          );
        }}
      </Answered>
    </Section>
  );
}

function AddPasskey() {
  const [name, setName] = useState("");
  const add = useAddPasskey();

  function handleAdd() {
    add.mutate(name.trim(), { onSuccess: () => setName("") });
  }

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    handleAdd();
  }

  return (
    <Stack gap="sm">
      <form onSubmit={handleSubmit} aria-label="Add a passkey">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name of the device"
            placeholder="my laptop"
            required
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={add.isPending} disabled={!name.trim()}>
            Add a passkey
          </Button>
        </Group>
      </form>
      <Again error={add.error} onShown={handleAdd} />
    </Stack>
  );
}

function PasskeyRow({ passkey }: { passkey: Authenticator }) {
  const remove = useRemovePasskey();
  const id = passkey.id ?? 0;
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={2} miw={0}>
          <Text fw={600}>{passkey.name}</Text>
          <Text size="sm" c="dimmed" component="div">
            added <When at={momentOf(passkey.created_at)} />
          </Text>
        </Stack>
        <ConfirmButton
          words="Remove"
          about={passkey.name ?? "the passkey"}
          question="It signs nobody in any more."
          loading={remove.isPending}
          onConfirm={() => remove.mutate(id)}
        />
      </Group>
      <Again error={remove.error} onShown={() => remove.mutate(id)} />
    </li>
  );
}
