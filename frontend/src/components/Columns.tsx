/** Numbers over time as columns, the number above each and the time below; hidden from screen readers, which have the table. */
import classes from "@/components/Columns.module.css";

interface ColumnsProps {
  columns: readonly { name: string; value: number }[];
}

export function Columns({ columns }: ColumnsProps) {
  const highest = Math.max(1, ...columns.map(({ value }) => value));
  return (
    <div className={classes["columns"]} aria-hidden>
      {columns.map(({ name, value }, place) => (
        <div key={`${name} ${place}`} className={classes["column"]}>
          <span className={classes["value"]}>{value === 0 ? "" : value.toLocaleString("en-GB")}</span>
          <span className={classes["bar"]} style={{ height: `${(value / highest) * 100}px` }} />
          <span className={classes["name"]}>{name}</span>
        </div>
      ))}
    </div>
  );
}
