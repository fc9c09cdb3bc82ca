/** What a check found: what held, what did not, and what could not be looked at, each in a sentence. */
import { Notice } from "@/components/Notice";
import classes from "@/features/audit/Log.module.css";
import type { Finding } from "@/features/audit/verify/findings";
import type { ReactNode } from "react";

interface FindingsProps {
  findings: readonly Finding[];
  broken: string;
  whole: string;
  /** Said where the rest held, and something could not be looked at. */
  partly: string;
  children?: ReactNode;
}

export function Findings({ findings, broken, whole, partly, children }: FindingsProps) {
  const wrong = findings.some(({ ok }) => ok === false);
  const all = findings.every(({ ok }) => ok === true);
  return (
    <Notice tone={wrong ? "bad" : all ? "good" : "warning"} role={wrong ? "alert" : "status"} title={wrong ? broken : all ? whole : partly}>
      <ul className={classes["findings"]}>
        {findings.map(({ ok, sentence }) => (
          <li key={sentence}>
            {ok === false && <strong>Wrong: </strong>}
            {ok === null && <strong>Not checked: </strong>}
            {sentence}
          </li>
        ))}
      </ul>
      {all && children}
    </Notice>
  );
}
