/** What waits in the broker and who takes it up; and what is under way by the tables, which are the truth. */
import { Table, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { WideTable } from "@/components/WideTable";
import { useQueues } from "@/features/administration/api";

export function Queues() {
  return (
    <Section title="Queues" about="A message is a hint; what got lost is sent again by the sweep.">
      <Answered query={useQueues()} what="queues">
        {({ queues, work }) => (
          <>
            <WideTable label="Queues" width={520} columns={["Queue", "Messages", "Oldest", "Workers"]}>
              {queues.map((queue) => (
                <Table.Tr key={queue.name}>
                  <Table.Th scope="row">{queue.name}</Table.Th>
                  <Table.Td>{queue.length}</Table.Td>
                  <Table.Td>{queue.waiting_since ? <When at={queue.waiting_since} /> : "—"}</Table.Td>
                  <Table.Td>{queue.workers.join(", ") || <Text span c="dimmed">nobody</Text>}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
            <WideTable label="Work under way" width={420} columns={["Work", "How many", "Oldest"]}>
              {work.map((row) => (
                <Table.Tr key={row.what}>
                  <Table.Th scope="row">{row.what}</Table.Th>
                  <Table.Td>{row.count}</Table.Td>
                  <Table.Td>{row.oldest ? <When at={row.oldest} /> : "—"}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          </>
        )}
      </Answered>
    </Section>
  );
}
