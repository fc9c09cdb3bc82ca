/** The newest signed head of the log: how far it reaches, under which root, and where it lies. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Suspense } from "react";
import { Answered } from "@/components/Answered";
import { Digest } from "@/components/Digest";
import { late } from "@/components/late";
import { PageLink } from "@/components/PageLink";
import { count } from "@/components/sizes";
import { useCheckpoint } from "@/features/audit/api";
import classes from "@/features/audit/Log.module.css";
import { bytesOf, hex } from "@/api/proofs";

// The entries are there before the picture of them.
const Growth = late(async () => (await import("@/features/audit/Growth")).Growth);

export function LogHead() {
  const checkpoint = useCheckpoint();
  return (
    <div className={classes["room"]}>
      <Answered query={checkpoint} what="checkpoint">
        {({ size, root, signatures }) => (
          <Stack gap="md">
            <div className={classes["head"]}>
              <Text>
                <strong>{count(size, "entry", "entries")}</strong> under the newest checkpoint, with{" "}
                {count(signatures.length, "signature")}.
              </Text>
              <Group gap={6}>
                <Text span size="sm" c="dimmed">
                  Root
                </Text>
                <Digest value={hex(bytesOf(root))} what="root of the log" />
              </Group>
              <Group gap="md">
                <Anchor href="/log/checkpoint" size="sm">
                  Checkpoint
                </Anchor>
                <Anchor href="/log/keys.json" size="sm">
                  Keys
                </Anchor>
                <PageLink to="/verify" size="sm">
                  Verify it here
                </PageLink>
              </Group>
            </div>
            <Suspense fallback={null}>{size > 0 && <Growth size={size} />}</Suspense>
          </Stack>
        )}
      </Answered>
    </div>
  );
}
