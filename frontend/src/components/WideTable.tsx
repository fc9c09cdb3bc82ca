/** A table that scrolls sideways on a small screen, by keyboard too. */
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
      <table style={{ minWidth: width }}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
