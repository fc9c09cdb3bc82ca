/** One entry of the log; opened, it shows its facts, the words it only commits to, and how to check it. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Suspense, useState } from "react";
import type { Entry } from "@/api/types";
import { moment } from "@/components/dates";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { JsonBlock } from "@/components/JsonBlock";
import { late } from "@/components/late";
import { When } from "@/components/When";
import { leafPath, proofPath } from "@/features/audit/api";
import { privateWords } from "@/features/audit/commitments";
import classes from "@/features/audit/Log.module.css";

// Hashing comes with it, for whoever opens an entry.
const CheckEntry = late(async () => (await import("@/features/audit/CheckEntry")).CheckEntry);

export function LogEntry({ entry }: { entry: Entry }) {
  const [opened, setOpened] = useState(false);
  return (
    <li className={classes["entry"]}>
      <details onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>
          <span className={classes["number"]}>{entry.index ?? "…"}</span>
          <strong>{entry.event}</strong>
          <span className={classes["about"]}>{entry.about}</span>
          <span className={classes["when"]}>
            <When at={entry.at} />
          </span>
        </summary>
        {opened && <Opened entry={entry} />}
      </details>
    </li>
  );
}

function Opened({ entry }: { entry: Entry }) {
  const { index } = entry;
  const words = privateWords(entry.facts, entry.private);
  return (
    <Stack gap="sm" className={classes["body"]}>
      <Facts
        facts={[
          ["At", moment(entry.at)],
          ["By", entry.actor_name ? `${entry.actor_name} (${entry.actor})` : entry.actor],
          ...words.map(({ name, text }) => [capital(name), text ?? <Withheld key={name} />] as const),
          ["Leaf hash", <Digest key="leaf" value={entry.leaf_hash} what="leaf hash" short={false} />],
        ]}
      />
      <JsonBlock value={entry.facts} />
      {words.length > 0 && (
        <Text size="sm" c="dimmed">
          A commitment stands in the log for words that may have to be erased: the digest of the words with a secret salt.
        </Text>
      )}
      {index === null ? (
        <Text size="sm" c="dimmed">
          On its way into the log: its place and its proof follow within seconds.
        </Text>
      ) : (
        <>
          <Group gap="md">
            <Anchor href={proofPath(index)} size="sm" download={`entry-${index}.tlog-proof`}>
              Its proof
            </Anchor>
            <Anchor href={leafPath(index)} size="sm" download={`entry-${index}.json`}>
              Its leaf, byte for byte
            </Anchor>
          </Group>
          <Suspense fallback={null}>
            <CheckEntry entry={{ ...entry, index }} />
          </Suspense>
        </>
      )}
    </Stack>
  );
}

function Withheld() {
  return (
    <Text span c="dimmed" fs="italic">
      withheld or erased
    </Text>
  );
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}
