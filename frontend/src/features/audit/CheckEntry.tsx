/** Lets the reader's own browser check an entry against the published log, and tells what it computed. */
import { Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { Entry } from "@/api/types";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { checkEntry, type Finding } from "@/features/audit/check";
import classes from "@/features/audit/Log.module.css";

export function CheckEntry({ entry }: { entry: Entry & { index: number } }) {
  const check = useMutation({ mutationFn: () => checkEntry(entry) });
  return (
    <Stack gap="sm" align="flex-start">
      <Button variant="default" size="xs" loading={check.isPending} onClick={() => check.mutate()}>
        Check this entry here
      </Button>
      {check.error && <RefusalNotice error={check.error} />}
      {check.data && <Findings findings={check.data} />}
    </Stack>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const broken = findings.some(({ ok }) => ok === false);
  const whole = findings.every(({ ok }) => ok === true);
  const title = broken ? "This entry does not check out" : whole ? "Your browser checked it: it is in the log" : "Only partly checked";
  return (
    <Notice tone={broken ? "bad" : whole ? "good" : "warning"} role={broken ? "alert" : "status"} title={title}>
      <ul className={classes["findings"]}>
        {findings.map(({ ok, sentence }) => (
          <li key={sentence}>
            {ok === false && <strong>Wrong: </strong>}
            {ok === null && <strong>Not checked: </strong>}
            {sentence}
          </li>
        ))}
      </ul>
      {whole && (
        <Text size="sm" c="dimmed">
          The key is the one this service gives in /log/keys.json. Compare it with one that you have from elsewhere, or run{" "}
          <code>guildhall verify log</code>, which remembers it and every checkpoint it saw.
        </Text>
      )}
    </Notice>
  );
}
