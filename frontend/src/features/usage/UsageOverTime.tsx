/** How often an organisation's experts were built into models and downloaded, month by month. */
import { SimpleGrid, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { Columns } from "@/components/Columns";
import { Loading } from "@/components/Loading";
import { Picture } from "@/components/Picture";
import { RefusalNotice } from "@/components/RefusalNotice";
import { count } from "@/components/sizes";
import { WideTable } from "@/components/WideTable";
import { useUsageByMonth } from "@/features/usage/api";
import { lastMonths, longMonth, shortMonth, sumOf, type Sum } from "@/features/usage/months";

const MONTHS = 12;
const KINDS: readonly [kind: keyof Sum, title: string, one: string][] = [
  ["inclusions", "Built into models", "time"],
  ["downloads", "Downloaded", "time"],
];

export function UsageOverTime({ organisation }: { organisation: string }) {
  const [months] = useState(() => lastMonths(MONTHS));
  const answers = useUsageByMonth(organisation, months);
  const fault = answers.find(({ error }) => error)?.error;
  if (fault) return <RefusalNotice error={fault} onRetry={() => answers.forEach((one) => void one.refetch())} />;
  if (answers.some(({ data }) => data === undefined)) return <Loading what="use over time" />;
  const sums = answers.map(({ data }) => sumOf(data));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      {KINDS.map(([kind, title, one]) => {
        const total = sums.reduce((sum, month) => sum + month[kind], 0);
        return (
          <Stack key={kind} gap="xs">
            <Title order={3}>{title}</Title>
            <Picture
              says={`${title} ${count(total, one)} in the last ${MONTHS} months, ${count(sums.at(-1)?.[kind] ?? 0, one)} in this one.`}
              table={
                <WideTable label={`${title}, month by month`} width={200} columns={["Month", "Times"]}>
                  {months.map((month, place) => (
                    <tr key={month}>
                      <td>{longMonth(month)}</td>
                      <td>{sums[place]?.[kind]}</td>
                    </tr>
                  ))}
                </WideTable>
              }
            >
              <Columns columns={months.map((month, place) => ({ name: shortMonth(month), value: sums[place]?.[kind] ?? 0 }))} />
            </Picture>
          </Stack>
        );
      })}
    </SimpleGrid>
  );
}
