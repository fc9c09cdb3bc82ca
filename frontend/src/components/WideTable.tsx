/** A table that scrolls sideways on a small screen, by keyboard too. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "@/components/WideTable.module.css";

interface WideTableProps {
  label: string;
  /** Pixels below which it scrolls. */
  width: number;
  columns: readonly string[];
  children: ReactNode;
}

export function WideTable({ label, width, columns, children }: WideTableProps) {
  return (
    // It scrolls, so the keyboard must reach it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes["wide"]} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing={6} miw={width}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
