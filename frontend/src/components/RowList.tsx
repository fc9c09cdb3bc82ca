/** A list of rows with a thin line between them. */
import type { ReactNode } from "react";
import classes from "@/components/RowList.module.css";

export function RowList({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul className={classes["rows"]} aria-label={label}>
      {children}
    </ul>
  );
}
