/** Where an organisation wants to be told: addresses that messages are posted to, each with a secret shown once. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { CopyBlock } from "@/components/CopyBlock";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useCreateWebhook, useDisableWebhook, usePingWebhook, useWebhooks, type Webhook } from "@/features/notices/api";

export function Webhooks({ slug }: { slug: string }) {
  const webhooks = useWebhooks(slug);
  return (
    <Stack gap="md">
      <NewWebhook slug={slug} />
      <Answered query={webhooks} what="webhooks">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed" size="sm">
              None yet: messages go by mail.
            </Text>
          ) : (
            <RowList label={`Webhooks of ${slug}`}>
              {found.map((webhook) => (
                <li key={webhook.id}>
                  <Row webhook={webhook} />
                </li>
              ))}
            </RowList>
          )
        }
      </Answered>
    </Stack>
  );
}

function NewWebhook({ slug }: { slug: string }) {
  const [url, setUrl] = useState("");
  const create = useCreateWebhook(slug);
  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    create.mutate(url.trim(), { onSuccess: () => setUrl("") });
  }
  return (
    <form onSubmit={handleSubmit} aria-label="New webhook">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <TextInput label="Address" placeholder="https://" required value={url} onChange={(event) => setUrl(event.currentTarget.value)} style={{ flex: "1 1 16rem" }} />
          <Button type="submit" variant="default" loading={create.isPending}>
            Add the webhook
          </Button>
        </Group>
        {create.error && <RefusalNotice error={create.error} />}
        {create.data && (
          <Notice tone="good" role="status" title="Its secret is shown only once">
            <CopyBlock title="Secret" text={create.data.secret} />
          </Notice>
        )}
      </Stack>
    </form>
  );
}

function Row({ webhook }: { webhook: Webhook }) {
  const ping = usePingWebhook();
  const disable = useDisableWebhook();
  const fault = ping.error ?? disable.error;
  const off = webhook.disabled_at !== null;
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="sm">
        <Text style={{ overflowWrap: "anywhere" }}>{webhook.url}</Text>
        <StateBadge state={off ? "withdrawn" : "approved"} words={off ? "Disabled" : "In use"} />
      </Group>
      <Text size="sm" c="dimmed">
        Since <When at={webhook.created_at} />
        {webhook.disabled_at && (
          <>
            ; disabled <When at={webhook.disabled_at} />
            {webhook.disabled_because && `: ${webhook.disabled_because}`}
          </>
        )}
      </Text>
      {!off && (
        <Group gap="sm">
          <Button size="xs" variant="default" loading={ping.isPending} onClick={() => ping.mutate(webhook.id)}>
            Send a message that says nothing
          </Button>
          <ConfirmButton
            words="Disable"
            about={webhook.url}
            question="Nothing more is posted there; your people get mail instead."
            loading={disable.isPending}
            onConfirm={() => disable.mutate(webhook.id)}
          />
        </Group>
      )}
      {ping.data && <Text size="sm">It is on its way; the list of notices says what came of it.</Text>}
      {fault && <RefusalNotice error={fault} />}
    </Stack>
  );
}
