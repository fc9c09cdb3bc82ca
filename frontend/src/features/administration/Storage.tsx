/** What lies in the object store, by what it is for. */
import { Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Section } from "@/components/Section";
import { size } from "@/components/sizes";
import { When } from "@/components/When";
import { WideTable } from "@/components/WideTable";
import { useStorage } from "@/features/administration/api";

export function Storage() {
  return (
    <Section title="Storage" about="Counted in the store itself, at most once a minute.">
      <Answered query={useStorage()} what="storage">
        {({ kinds, complete, counted_at }) => (
          <>
            {kinds.length === 0 && <Text c="dimmed">Nothing is stored yet.</Text>}
            <WideTable label="Storage by kind" width={420} columns={["What", "Objects", "Size"]}>
              {kinds.map((row) => (
                <tr key={row.kind}>
                  <th scope="row">{row.kind}</th>
                  <td>{row.objects.toLocaleString("en-GB")}</td>
                  <td>{size(row.bytes)}</td>
                </tr>
              ))}
            </WideTable>
            <Text size="sm" c="dimmed" component="div">
              {complete ? "" : "There are more objects than are counted at once: these numbers are the least. "}
              Counted <When at={counted_at} />.
            </Text>
          </>
        )}
      </Answered>
    </Section>
  );
}
