/** The log: everything that happened, in order, each entry to be opened. */
import { Stack } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { useLog, type LogFilters } from "@/features/audit/api";
import { LogEntry } from "@/features/audit/LogEntry";
import { LogFilterFields } from "@/features/audit/LogFilterFields";
import classes from "@/features/audit/Log.module.css";

interface LogProps {
  filters: LogFilters;
  onChange: (filters: LogFilters) => void;
}

export function Log({ filters, onChange }: LogProps) {
  const log = useLog(filters);
  return (
    <Stack gap="lg">
      <LogFilterFields key={JSON.stringify(filters)} filters={filters} onChange={onChange} />
      <Answered query={log} what="log">
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="No entry fits">Take a filter away; each one wants the whole text, such as version.withdrawn.</Empty>
          ) : (
            <Stack>
              <ol className={classes["entries"]}>
                {entries.map((entry) => (
                  <LogEntry key={entry.index ?? "…"} entry={entry} />
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
