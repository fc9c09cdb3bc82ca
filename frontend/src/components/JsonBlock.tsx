/** A piece of JSON as it is, wrapped so that nothing of it hides on a small screen. */
import classes from "@/components/CopyBlock.module.css";

export function JsonBlock({ value }: { value: unknown }) {
  return (
    <pre className={classes["block"]} data-wrapped>
      <code>{JSON.stringify(value, null, 2)}</code>
    </pre>
  );
}
