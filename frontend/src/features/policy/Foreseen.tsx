/** Before a version is decided on: which models and which consumers either decision would change. */
import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Answered } from "@/components/Answered";
import { Notice } from "@/components/Notice";
import { useForesight } from "@/features/policy/api";
import { ModelChanges, OtherAnswers, SentBack } from "@/features/policy/Foresight";

export function Foreseen({ versionId }: { versionId: string }) {
  const [lets, setLets] = useState(true);
  const foresight = useForesight(lets ? { approve: versionId } : { reject: versionId });
  return (
    <Stack>
      <SegmentedControl
        aria-label="Which decision to look at"
        value={lets ? "in" : "out"}
        onChange={(value) => setLets(value === "in")}
        data={[
          { value: "in", label: "If you let it in" },
          { value: "out", label: "If you turn it down" },
        ]}
        w="fit-content"
      />
      <Answered query={foresight} what="simulation">
        {(found) => (
          <Stack>
            <Notice tone={found.models.length > 0 ? "warning" : "info"} role="status">
              <Text fw={600}>{found.sentence}</Text>
            </Notice>
            {found.models.length > 0 && <ModelChanges models={found.models} />}
            {found.decisions.otherwise.length > 0 && <OtherAnswers shadow={found.decisions} />}
            <SentBack versions={found.sent_back} />
          </Stack>
        )}
      </Answered>
    </Stack>
  );
}
