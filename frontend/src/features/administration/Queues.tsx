/** What waits in the broker and who takes it up; and what is under way by the tables, which are the truth. */
import { Text } from "@mantine/core";
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
                <tr key={queue.name}>
                  <th scope="row">{queue.name}</th>
                  <td>{queue.length}</td>
                  <td>{queue.waiting_since ? <When at={queue.waiting_since} /> : "—"}</td>
                  <td>{queue.workers.join(", ") || <Text span c="dimmed">nobody</Text>}</td>
                </tr>
              ))}
            </WideTable>
            <WideTable label="Work under way" width={420} columns={["Work", "How many", "Oldest"]}>
              {work.map((row) => (
                <tr key={row.what}>
                  <th scope="row">{row.what}</th>
                  <td>{row.count}</td>
                  <td>{row.oldest ? <When at={row.oldest} /> : "—"}</td>
                </tr>
              ))}
            </WideTable>
          </>
        )}
      </Answered>
    </Section>
  );
}
