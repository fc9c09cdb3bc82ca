/** Any JSON as nested names and values, for what a stranger wrote; the reader bounds its depth before. */
import classes from "@/components/JsonTree.module.css";

const MOST = 500;

export function JsonTree({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <span>none</span>;
    return (
      <ul className={classes["tree"]}>
        {(value as readonly unknown[]).slice(0, MOST).map((item, at) => (
          <li key={at}>
            <JsonTree value={item} />
          </li>
        ))}
        {value.length > MOST && <li>and {value.length - MOST} more</li>}
      </ul>
    );
  }
  if (typeof value === "object" && value !== null) {
    return (
      <dl className={classes["tree"]}>
        {Object.entries(value as Readonly<Record<string, unknown>>)
          .slice(0, MOST)
          .map(([name, inner]) => (
            <div key={name}>
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd>
                <JsonTree value={inner} />
              </dd>
            </div>
          ))}
      </dl>
    );
  }
  return <span>{value === null || value === "" ? "none" : typeof value === "string" ? value : JSON.stringify(value)}</span>;
}
