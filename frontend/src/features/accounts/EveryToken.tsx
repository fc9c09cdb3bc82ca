/** Everybody's API tokens and signing keys, for the operator to end. */
import { Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { day } from "@/components/dates";
import { Digest } from "@/components/Digest";
import { MoreButton } from "@/components/MoreButton";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { useEndKey, useEndToken, useEveryKey, useEveryToken } from "@/features/accounts/administration";

export function EveryToken() {
  const tokens = useEveryToken();
  const end = useEndToken();
  return (
    <Section title="API tokens" about="Of everybody, the newest first. Their text is known to nobody but the holder.">
      {end.error && <RefusalNotice error={end.error} />}
      <Answered query={tokens} what="tokens">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">No tokens yet.</Text>
          ) : (
            <RowList label="Tokens of everybody">
              {found.map((token) => (
                <Row
                  key={token.id}
                  title={token.name}
                  about={
                    <>
                      <code>{token.prefix}…</code> of {token.person} ({token.email}), valid until {day(token.expires_at)}
                    </>
                  }
                  revoked={token.revoked_at !== null}
                  question="Programs that use it stop working at once."
                  loading={end.isPending}
                  onRevoke={() => end.mutate(token.id)}
                />
              ))}
            </RowList>
          )
        }
      </Answered>
      <MoreButton query={tokens} />
    </Section>
  );
}

export function EveryKey() {
  const keys = useEveryKey();
  const end = useEndKey();
  return (
    <Section title="Signing keys" about="What was approved under a revoked key is suspended until it is decided on again.">
      {end.error && <RefusalNotice error={end.error} />}
      <Answered query={keys} what="keys">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">No keys yet.</Text>
          ) : (
            <RowList label="Signing keys of every organisation">
              {found.map((key) => (
                <Row
                  key={key.id}
                  title={`${key.name} of ${key.organisation}`}
                  about={
                    <>
                      <Digest value={key.fingerprint} what="key fingerprint" /> registered {day(key.created_at)}
                    </>
                  }
                  revoked={key.revoked_at !== null}
                  question="Packages signed with it are no longer taken."
                  loading={end.isPending}
                  onRevoke={() => end.mutate(key.id)}
                />
              ))}
            </RowList>
          )
        }
      </Answered>
      <MoreButton query={keys} />
    </Section>
  );
}

interface RowProps {
  title: string;
  about: ReactNode;
  revoked: boolean;
  question: string;
  loading: boolean;
  onRevoke: () => void;
}

function Row({ title, about, revoked, question, loading, onRevoke }: RowProps) {
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={2} miw={0}>
          <Text fw={600}>{title}</Text>
          <Text size="sm" c="dimmed" component="div" style={{ overflowWrap: "anywhere" }}>
            {about}
          </Text>
        </Stack>
        {revoked ? (
          <StateBadge state="cancelled" words="Revoked" />
        ) : (
          <ConfirmButton words="Revoke" about={title} question={question} loading={loading} onConfirm={onRevoke} />
        )}
      </Group>
    </li>
  );
}
