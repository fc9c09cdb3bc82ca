/** A refusal in the server's own words, with the policies that refused and the fields that are wrong. */
import { Button, Code, List, Text } from "@mantine/core";
import { Refusal } from "@/api/client";
import { Notice } from "@/components/Notice";

interface RefusalNoticeProps {
  error: Error;
  onRetry?: () => void;
}

export function RefusalNotice({ error, onRetry }: RefusalNoticeProps) {
  const problem = error instanceof Refusal ? error.problem : null;
  return (
    <Notice tone="bad" role="alert" title={problem?.title ?? "Something went wrong"}>
      <Text size="sm">{error.message}</Text>
      <Reasons reasons={problem?.policies ?? []} />
      <FieldErrors errors={problem?.errors ?? {}} />
      {onRetry && (
        <Button variant="default" size="xs" w="fit-content" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}

function Reasons({ reasons }: { reasons: readonly { policy: string; reason: string }[] }) {
  if (reasons.length === 0) return null;
  return (
    <List size="sm" spacing={4}>
      {reasons.map(({ policy, reason }) => (
        <List.Item key={`${policy} ${reason}`}>
          {reason} <Code>{policy}</Code>
        </List.Item>
      ))}
    </List>
  );
}

function FieldErrors({ errors }: { errors: { [field: string]: string[] } }) {
  const fields = Object.entries(errors);
  if (fields.length === 0) return null;
  return (
    <List size="sm" spacing={4}>
      {fields.map(([field, sentences]) => (
        <List.Item key={field}>
          <strong>{field.replaceAll("_", " ")}</strong>: {sentences.join(" ")}
        </List.Item>
      ))}
    </List>
  );
}
