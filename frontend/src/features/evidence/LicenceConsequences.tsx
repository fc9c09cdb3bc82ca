/** What a licence means once it is given, said before it is given. */
import { List, Text } from "@mantine/core";
import type { LicenceTerms } from "@/api/types";
import { Notice } from "@/components/Notice";
import { consequences } from "@/features/evidence/evidence";

interface LicenceConsequencesProps {
  licence: LicenceTerms | undefined;
  expression: string;
}

export function LicenceConsequences({ licence, expression }: LicenceConsequencesProps) {
  if (!expression) return null;
  if (!licence) {
    return (
      <Notice tone="info" title={`What ${expression} means`}>
        Guildhall has no plain summary of this expression. Compliance reads it and concludes what it allows.
      </Notice>
    );
  }
  return (
    <Notice tone={licence.revocable ? "info" : "warning"} title={`What ${licence.name} means`}>
      <Text size="sm">{licence.summary}</Text>
      <List size="sm" spacing={2}>
        {consequences(licence).map((sentence) => (
          <List.Item key={sentence}>{sentence}</List.Item>
        ))}
      </List>
    </Notice>
  );
}
