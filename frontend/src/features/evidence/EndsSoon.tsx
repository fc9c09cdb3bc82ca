/** Says ahead that the consent or the licence of a version ends. */
import { Text } from "@mantine/core";
import { useState } from "react";
import { Notice } from "@/components/Notice";
import { endings, type Terms } from "@/features/evidence/endings";

export function EndsSoon({ terms }: { terms: Terms }) {
  const [opened] = useState(() => new Date());
  const sentences = endings(terms, opened);
  if (sentences.length === 0) return null;
  return (
    <Notice tone="warning" role="status" title="It ends soon">
      {sentences.map((sentence) => (
        <Text key={sentence} size="sm">
          {sentence}
        </Text>
      ))}
    </Notice>
  );
}
