/** The log, read and hashed by the reader's own browser. */
import { Button, Checkbox, Group, Progress, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { ReportSheet } from "@/features/audit/verify/ReportSheet";
import { forget } from "@/features/audit/verify/trust";
import { useLogCheck } from "@/features/audit/verify/useLogCheck";

export function VerifyLog({ vkey }: { vkey: string }) {
  const [entries, setEntries] = useState(false);
  const { report, progress, start, stop } = useLogCheck();
  const share = progress && progress.of > 0 ? (progress.done / progress.of) * 100 : 0;
  return (
    <Stack gap="md" align="flex-start">
      <Checkbox
        label="Read the entries too"
        description="Otherwise only their hashes, 32 bytes each: enough for the root."
        checked={entries}
        onChange={(event) => setEntries(event.currentTarget.checked)}
        disabled={progress !== null}
      />
      <Group gap="sm">
        <Button loading={progress !== null} onClick={() => void start(vkey, entries)}>
          Check the log
        </Button>
        {progress && (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        )}
        {report && (
          <Button variant="subtle" onClick={forget}>
            Forget what this browser remembers
          </Button>
        )}
      </Group>
      {progress && (
        <Stack gap={4} w="100%">
          <Progress value={share} size="lg" aria-label="How much of the log is read" />
          <Text size="sm" c="dimmed">
            {progress.of > 0
              ? `${progress.done.toLocaleString("en-GB")} of ${progress.of.toLocaleString("en-GB")} entries`
              : "Reading the newest checkpoint"}
          </Text>
        </Stack>
      )}
      {report && <ReportSheet report={report} what="log" />}
    </Stack>
  );
}
