/** One entry of the log; opened, it shows its facts and the hash that binds them. */
import { Stack } from "@mantine/core";
import { useState } from "react";
import type { Entry } from "@/api/types";
import { moment } from "@/components/dates";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { JsonBlock } from "@/components/JsonBlock";
import { When } from "@/components/When";
import classes from "@/features/audit/Log.module.css";

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
        {opened && (
          <Stack gap="sm" className={classes["body"]}>
            <Facts
              facts={[
                ["At", moment(entry.at)],
                ["By", entry.actor_name ? `${entry.actor_name} (${entry.actor})` : entry.actor],
                ["Leaf hash", <Digest key="leaf" value={entry.leaf_hash} what="leaf hash" short={false} />],
              ]}
            />
            <JsonBlock value={entry.facts} />
          </Stack>
        )}
      </details>
    </li>
  );
}
