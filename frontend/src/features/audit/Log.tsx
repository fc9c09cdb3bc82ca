/** The log: everything that happened, in order, each entry to be opened. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { useLog } from "@/features/audit/api";
import { exportPath, type LogFilters } from "@/features/audit/filters";
import { LogEntry } from "@/features/audit/LogEntry";
import { LogFilterFields } from "@/features/audit/LogFilterFields";
import { LogHead } from "@/features/audit/LogHead";
import classes from "@/features/audit/Log.module.css";

interface LogProps {
  filters: LogFilters;
  onChange: (filters: LogFilters) => void;
}

export function Log({ filters, onChange }: LogProps) {
  const log = useLog(filters);
  return (
    <Stack gap="lg">
      <LogHead />
      <LogFilterFields key={JSON.stringify(filters)} filters={filters} onChange={onChange} />
      <Answered query={log} what="log">
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="No entry fits">Take a filter away; each one wants the whole text, such as version.withdrawn.</Empty>
          ) : (
            <Stack>
              <Group justify="flex-end" gap="xs">
                <Text size="sm" c="dimmed">
                  All that fits, a line of JSON each:
                </Text>
                <Anchor href={exportPath(filters)} download size="sm">
                  Export
                </Anchor>
              </Group>
              <ol className={classes["entries"]}>
                {entries.map((entry) => (
                  <LogEntry key={entry.id} entry={entry} />
                ))}
              </ol>
              <MoreButton query={log} />
            </Stack>
          )
        }
      </Answered>
    </Stack>
  );
}
