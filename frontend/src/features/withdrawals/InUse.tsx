/** Where an owner's version is used now: in which models, whose, and how often it was fetched. */
import { Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { RowList } from "@/components/RowList";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { useWithdrawalPreview, type Target } from "@/features/withdrawals/api";

export function InUse({ target }: { target: Target }) {
  const preview = useWithdrawalPreview(target, "version", true);
  return (
    <Answered query={preview} what="models that hold it">
      {({ models, downloads }) =>
        models.length === 0 ? (
          <Text c="dimmed">No model holds this version now.</Text>
        ) : (
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              {count(downloads, "download")} so far
            </Text>
            <RowList label="Models that hold it">
              {models.map(({ model, revision, main, consumer }) => (
                <li key={`${model} ${revision}`}>
                  <Group justify="space-between" gap="sm">
                    <Stack gap={2} miw={0}>
                      <Text fw={600} style={{ overflowWrap: "anywhere" }}>
                        {model}
                      </Text>
                      <Text size="sm" c="dimmed">
                        {consumer}, revision {revision.slice(0, 8) || "still being built"}
                      </Text>
                    </Stack>
                    {main && <StateBadge state="published" words="main" />}
                  </Group>
                </li>
              ))}
            </RowList>
          </Stack>
        )
      }
    </Answered>
  );
}
