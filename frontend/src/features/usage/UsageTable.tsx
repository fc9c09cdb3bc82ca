/** Which of an organisation's experts was used by whom, and how much, since the log began. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { PageLink } from "@/components/PageLink";
import { count } from "@/components/sizes";
import { WideTable } from "@/components/WideTable";
import { useUsage } from "@/features/usage/api";

export function UsageTable({ organisation }: { organisation: string }) {
  const usage = useUsage(organisation);
  return (
    <Answered query={usage} what="use">
      {({ lines, size }) =>
        lines.length === 0 ? (
          <Empty title="Nobody has used one yet">A line appears here as soon as a consumer's model holds one of your experts.</Empty>
        ) : (
          <Stack gap="sm">
            <WideTable label="Use of each expert by each consumer" width={460} columns={["Expert", "Consumer", "Built into models", "Downloaded"]}>
              {lines.map((line) => (
                <tr key={`${line.expert} ${line.consumer}`}>
                  <td>
                    <ExpertName full={line.expert} />
                  </td>
                  <td>{line.consumer}</td>
                  <td>{count(line.inclusions, "time")}</td>
                  <td>{count(line.downloads, "time")}</td>
                </tr>
              ))}
            </WideTable>
            <Group justify="space-between" gap="sm">
              <Text size="sm" c="dimmed">
                By the first {count(size, "entry", "entries")} of the log; whoever has the log can recompute it.
              </Text>
              <Anchor size="sm" href={`/api/v1/organisations/${organisation}/usage?format=csv`} download={`${organisation}-usage.csv`}>
                Take it away as a table (CSV)
              </Anchor>
            </Group>
          </Stack>
        )
      }
    </Answered>
  );
}

function ExpertName({ full }: { full: string }) {
  const [org = "", name = ""] = full.split("/");
  return (
    <PageLink to="/experts/$org/$name" params={{ org, name }}>
      {full}
    </PageLink>
  );
}
