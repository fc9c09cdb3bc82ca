/** A set's examples, run by the engine now: those that fail lead. */
import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { TriedExample } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { RowList } from "@/components/RowList";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { useTriedExamples } from "@/features/policy/api";

const FIRST = 8;

export function ExampleResults({ number }: { number: number }) {
  const tried = useTriedExamples(number);
  return (
    <Answered query={tried} what="examples">
      {({ examples }) =>
        examples.length === 0 ? (
          <Empty title="It has no examples">It was put in place without; a set that is proposed comes with examples.</Empty>
        ) : (
          <Results examples={examples} />
        )
      }
    </Answered>
  );
}

function Results({ examples }: { examples: readonly TriedExample[] }) {
  const [all, setAll] = useState(false);
  const failing = examples.filter((one) => !one.as_expected);
  const sorted = [...failing, ...examples.filter((one) => one.as_expected)];
  const shown = all ? sorted : sorted.slice(0, Math.max(FIRST, failing.length));
  return (
    <Stack>
      <Text size="sm">
        {failing.length === 0
          ? `All ${count(examples.length, "example")} come out as they say.`
          : `${failing.length} of ${count(examples.length, "example")} come out otherwise than they say; nobody can activate the set.`}
      </Text>
      <RowList label="Examples">
        {shown.map((one) => (
          <li key={one.name}>
            <ExampleResult tried={one} />
          </li>
        ))}
      </RowList>
      {shown.length < sorted.length && (
        <Group justify="center">
          <Button variant="default" onClick={() => setAll(true)}>
            Show all {sorted.length}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

export function ExampleResult({ tried }: { tried: TriedExample }) {
  return (
    <Group justify="space-between" gap="sm" align="flex-start">
      <Stack gap={2} miw={0} flex="1 1 14rem">
        <Text style={{ overflowWrap: "anywhere" }}>{tried.name}</Text>
        <Text size="sm" c="dimmed" component="div">
          <Refusing rules={tried.refused_by} />
          {!tried.as_expected && (
            <>
              ; the example says: <Refusing rules={tried.expected} />
            </>
          )}
        </Text>
      </Stack>
      <StateBadge state={tried.as_expected ? "approved" : "failed"} words={tried.as_expected ? "As it says" : "Otherwise"} />
    </Group>
  );
}

function Refusing({ rules }: { rules: readonly string[] }) {
  if (rules.length === 0) return <>allowed</>;
  return (
    <>
      refused by{" "}
      {rules.map((rule, place) => (
        <span key={rule}>
          {place > 0 && ", "}
          <Code style={{ overflowWrap: "anywhere" }}>{rule}</Code>
        </span>
      ))}
    </>
  );
}
