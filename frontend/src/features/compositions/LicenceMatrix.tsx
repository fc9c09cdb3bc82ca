/** What the licences of all parts ask for together: duties as rows, parts as columns, a mark where a part asks for it. */
import { List, Stack, Text, VisuallyHidden } from "@mantine/core";
import type { Composition } from "@/api/types";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";
import { WideTable } from "@/components/WideTable";
import classes from "@/features/compositions/LicenceMatrix.module.css";
import { matrixOf } from "@/features/compositions/matrix";

export function LicenceMatrix({ licences }: { licences: Composition["licences"] }) {
  const { parts, rows } = matrixOf(licences.duties);
  return (
    <Stack gap="md">
      {licences.conflicts.length > 0 && (
        <Notice tone="bad" title="These licences do not go together">
          <List size="sm" spacing={4}>
            {licences.conflicts.map(({ rule, sentence }) => (
              <List.Item key={`${rule} ${sentence}`}>{sentence}</List.Item>
            ))}
          </List>
        </Notice>
      )}
      <Facts
        facts={[
          ["The whole is under", licences.outbound],
          ["Shared alike as", licences.shared_as],
        ]}
      />
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          They ask for nothing.
        </Text>
      ) : (
        <WideTable label="Duties, and the parts that ask for each" width={260 + parts.length * 120} columns={["Whoever has the model", ...parts]}>
          {rows.map(({ sentence, asks }) => (
            <tr key={sentence}>
              <th scope="row">{sentence}</th>
              {parts.map((part) => (
                <td key={part}>
                  {asks.has(part) ? (
                    <>
                      <span className={classes["mark"]} aria-hidden />
                      <VisuallyHidden>asks for it</VisuallyHidden>
                    </>
                  ) : (
                    <VisuallyHidden>does not</VisuallyHidden>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </WideTable>
      )}
    </Stack>
  );
}
