/** What a deed would change before it is done: models that lose or gain experts, questions answered otherwise. */
import { Code, List, Stack, Text, Title } from "@mantine/core";
import type { Foresight, Shadow } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { moment } from "@/components/dates";
import { PageLink } from "@/components/PageLink";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { WideTable } from "@/components/WideTable";

const MOST_ROWS = 50;

/** The models that stand, and what each would lose and gain. */
export function ModelChanges({ models }: { models: Foresight["models"] }) {
  if (models.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No model that stands would lose or gain an expert.
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <WideTable label="Models that would change" width={520} columns={["Model", "Loses", "Gains", "When", "By the rules"]}>
        {models.slice(0, MOST_ROWS).map((change) => (
          <tr key={change.model}>
            <td>
              <ModelName name={change.model} />
            </td>
            <td>{change.loses.join(", ") || "nothing"}</td>
            <td>{change.gains.join(", ") || "nothing"}</td>
            <td>{change.by_itself ? "by itself" : "when it is asked for again"}</td>
            <td>
              <RuleNames rules={change.rules} />
            </td>
          </tr>
        ))}
      </WideTable>
      <More shown={MOST_ROWS} of={models.length} what="model" />
    </Stack>
  );
}

function ModelName({ name: full }: { name: string }) {
  const [org = "", name = ""] = full.split("/");
  return (
    <PageLink to="/models/$org/$name" params={{ org, name }}>
      {full}
    </PageLink>
  );
}

/** The questions of late that would be answered otherwise: from what to what, and by which rules. */
export function OtherAnswers({ shadow }: { shadow: Shadow }) {
  const purposes = useVocabulary().data?.purposes;
  const byRule = Object.entries(shadow.by_rule);
  return (
    <Stack gap="md">
      {shadow.since && (
        <Text size="sm" c="dimmed">
          Looked at {count(shadow.looked_at, "decision")} since {moment(shadow.since)}, each with the facts that it was made from.
        </Text>
      )}
      {byRule.length > 0 && (
        <Stack gap={4}>
          <Title order={3}>Refusals that come and go</Title>
          <List size="sm" spacing={4}>
            {byRule.map(([rule, number]) => (
              <List.Item key={rule}>
                <Code>{rule}</Code>: {number > 0 ? `${number} more` : `${-number} fewer`}
              </List.Item>
            ))}
          </List>
        </Stack>
      )}
      {shadow.otherwise.length > 0 && (
        <Stack gap="xs">
          <Title order={3}>Answered otherwise</Title>
          <WideTable label="Questions that would be answered otherwise" width={620} columns={["Consumer", "Asks to", "Expert version", "Then", "Would be", "By the rules"]}>
            {shadow.otherwise.slice(0, MOST_ROWS).map((one) => (
              <tr key={[one.consumer, one.action, one.purpose, one.version, one.rules.join()].join(" ")}>
                <td>{one.consumer}</td>
                <td>
                  {one.action}, {nameOf(purposes, one.purpose)}
                </td>
                <td>{one.version}</td>
                <td>{answered(!one.allowed)}</td>
                <td>
                  <StateBadge state={one.allowed ? "approved" : "rejected"} words={answered(one.allowed)} />
                </td>
                <td>
                  <RuleNames rules={one.rules} />
                </td>
              </tr>
            ))}
          </WideTable>
          <More shown={MOST_ROWS} of={shadow.otherwise.length} what="question" />
        </Stack>
      )}
    </Stack>
  );
}

/** Approved versions that would be reviewed again. */
export function SentBack({ versions }: { versions: readonly string[] }) {
  if (versions.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={3}>Sent back to review</Title>
      <List size="sm" spacing={4}>
        {versions.slice(0, MOST_ROWS).map((version) => (
          <List.Item key={version}>{version}</List.Item>
        ))}
      </List>
      <More shown={MOST_ROWS} of={versions.length} what="version" />
    </Stack>
  );
}

function RuleNames({ rules }: { rules: readonly string[] }) {
  return rules.map((rule) => (
    <Code key={rule} display="block" w="fit-content" style={{ overflowWrap: "anywhere" }}>
      {rule}
    </Code>
  ));
}

function More({ shown, of, what }: { shown: number; of: number; what: string }) {
  if (of <= shown) return null;
  return (
    <Text size="sm" c="dimmed">
      And {count(of - shown, `${what} more`, `${what}s more`)}.
    </Text>
  );
}

function answered(allowed: boolean): string {
  return allowed ? "allowed" : "refused";
}
