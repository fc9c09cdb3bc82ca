/** API tokens: made, shown once, revoked. */
import { Button, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { Token } from "@/api/types";
import { Answered } from "@/components/Answered";
import { day } from "@/components/dates";
import { CopyBlock } from "@/components/CopyBlock";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useCreateToken, useRevokeToken, useTokens } from "@/features/accounts/api";
import { ConfirmButton } from "@/components/ConfirmButton";

const USUAL_DAYS = 90;
const MOST_DAYS = 365;

export function Tokens() {
  const tokens = useTokens();
  return (
    <Section title="API tokens" about="For the guildhall command, for hf download and for your own programs. A token may do what you may do.">
      <CreateToken />
      <Answered query={tokens} what="tokens">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">No tokens yet.</Text>
          ) : (
            <RowList label="Tokens">
              {found.map((token) => (
                <TokenRow key={token.id} token={token} />
              ))}
            </RowList>
          )
        }
      </Answered>
    </Section>
  );
}

function CreateToken() {
  const [name, setName] = useState("");
  const [days, setDays] = useState(USUAL_DAYS);
  const create = useCreateToken();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    create.mutate({ name: name.trim(), days }, { onSuccess: () => setName("") });
  }

  return (
    <Stack>
      <form onSubmit={handleSubmit} aria-label="Create a token">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            placeholder="my laptop"
            required
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NumberInput
            label="Valid for, in days"
            w="11rem"
            min={1}
            max={MOST_DAYS}
            allowDecimal={false}
            value={days}
            onChange={(value) => setDays(Number(value) || USUAL_DAYS)}
          />
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Create a token
          </Button>
        </Group>
      </form>
      {create.error && <RefusalNotice error={create.error} />}
      {create.data && (
        <Notice tone="good" role="status" title="Copy it now: it is shown only once">
          <CopyBlock title={create.data.name} text={create.data.token} />
        </Notice>
      )}
    </Stack>
  );
}

function TokenRow({ token }: { token: Token }) {
  const revoke = useRevokeToken();
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={2} miw={0}>
          <Text fw={600}>{token.name}</Text>
          <Text size="sm" c="dimmed">
            <code>{token.prefix}…</code> made <When at={token.created_at} />, valid until {day(token.expires_at)}
          </Text>
        </Stack>
        {token.revoked_at ? (
          <StateBadge state="cancelled" words="Revoked" />
        ) : (
          <ConfirmButton
            words="Revoke"
            about={token.name}
            question="Programs that use it stop working at once."
            loading={revoke.isPending}
            onConfirm={() => revoke.mutate(token.id)}
          />
        )}
      </Group>
      {revoke.error && <RefusalNotice error={revoke.error} />}
    </li>
  );
}
