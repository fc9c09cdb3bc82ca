/** What an organisation was told, what it has not acknowledged yet first; a click says that it is known. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Sentence } from "@/components/Sentence";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useAcknowledge, useDeliveries } from "@/features/notices/api";
import { isOpen, matters, type Matter } from "@/features/notices/matters";

export function Notices({ slug }: { slug: string }) {
  const deliveries = useDeliveries(slug);
  return (
    <Answered query={deliveries} what="notices">
      {(found) => {
        const all = matters(found);
        const ordered = [...all.filter(isOpen), ...all.filter((one) => !isOpen(one))];
        if (ordered.length === 0) return <Empty title="Nothing was announced">What concerns your models and experts is announced here.</Empty>;
        return (
          <Stack>
            <RowList label={`Notices to ${slug}`}>
              {ordered.map((matter) => (
                <li key={matter.id}>
                  <Row matter={matter} />
                </li>
              ))}
            </RowList>
            <MoreButton query={deliveries} />
          </Stack>
        );
      }}
    </Answered>
  );
}

function Row({ matter }: { matter: Matter }) {
  const acknowledge = useAcknowledge();
  const open = isOpen(matter);
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="sm">
        <Text fw={600}>{matter.title}</Text>
        {open && <StateBadge state="withdrawn" words="Not acknowledged" />}
        {matter.acknowledgedAt && <StateBadge state="approved" words="Acknowledged" />}
      </Group>
      {matter.text && (
        <Text size="sm">
          <Sentence text={matter.text} />
        </Text>
      )}
      <Text size="sm" c="dimmed">
        <When at={matter.at} />; {matter.ways.join("; ")}
        {matter.acknowledgedAt && (
          <>
            ; acknowledged <When at={matter.acknowledgedAt} />
          </>
        )}
      </Text>
      {open && (
        <Group>
          <Button size="xs" loading={acknowledge.isPending} onClick={() => acknowledge.mutate(matter.id)} aria-label={`Acknowledge: ${matter.title}`}>
            Acknowledge
          </Button>
          <Text size="sm" c="dimmed">
            In the name of your organisation: you know, and have done what it asks.
          </Text>
        </Group>
      )}
      {acknowledge.error && <RefusalNotice error={acknowledge.error} />}
    </Stack>
  );
}
