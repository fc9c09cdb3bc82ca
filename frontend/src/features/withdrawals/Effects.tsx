/** Who and what a withdrawal would hit, before the click. */
import { List, Stack, Text } from "@mantine/core";
import type { WithdrawalPreview } from "@/api/types";
import { Notice } from "@/components/Notice";
import { count } from "@/components/sizes";
import type { Scope } from "@/features/withdrawals/api";

export function Effects({ preview, scope }: { preview: WithdrawalPreview; scope: Scope }) {
  const { versions, models, downloads, irrevocable, notice } = preview;
  return (
    <Stack gap="sm">
      {scope !== "version" && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {versions.length === 0
            ? "There is nothing to withdraw: no version of it is in use."
            : `${count(versions.length, "version")} at once: ${versions.join(", ")}.`}
        </Text>
      )}
      {models.length === 0 ? (
        <Notice tone="info" title="No model holds it">
          Nobody is hit by this withdrawal.
        </Notice>
      ) : (
        <Notice
          tone="warning"
          title={`${count(models.length, "revision")} will no longer be served; ${count(downloads, "download")} so far`}
        >
          <List size="sm" spacing={2}>
            {models.map(({ model, revision, main, consumer }) => (
              <List.Item key={`${model} ${revision}`}>
                {model} of {consumer}, revision {revision.slice(0, 8) || "still being built"}
                {main && ", its main"}
              </List.Item>
            ))}
          </List>
        </Notice>
      )}
      {irrevocable && (
        <Notice tone="warning" title="The licence cannot be taken back">
          {notice || "A withdrawal stops future use only. Who has a copy may keep using it as the licence allows."}
        </Notice>
      )}
      {!irrevocable && notice && <Text size="sm">{notice}</Text>}
    </Stack>
  );
}
