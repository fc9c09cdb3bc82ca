/** Lets the reader's own browser check an entry against the published log, and tells what it computed. */
import { Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { Entry } from "@/api/types";
import { RefusalNotice } from "@/components/RefusalNotice";
import { checkEntry } from "@/features/audit/check";
import { Findings } from "@/features/audit/Findings";

export function CheckEntry({ entry }: { entry: Entry & { index: number } }) {
  const check = useMutation({ mutationFn: () => checkEntry(entry) });
  return (
    <Stack gap="sm" align="flex-start">
      <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate()}>
        Check this entry here
      </Button>
      {check.error && <RefusalNotice error={check.error} />}
      {check.data && (
        <Findings
          findings={check.data}
          broken="This entry does not check out"
          whole="Your browser checked it: it is in the log"
          partly="Only partly checked"
        >
          <Text size="sm" c="dimmed">
            The key is the one this service gives in /log/keys.json. Compare it with one that you have from elsewhere, or run{" "}
            <code>guildhall verify log</code>, which remembers it and every checkpoint it saw.
          </Text>
        </Findings>
      )}
    </Stack>
  );
}
