/** The log's growth as a line, with the checkpoints that are known: the newest, and the last that this browser verified. */

import { useState } from "react";
import { day, moment } from "@/components/dates";
import { Picture } from "@/components/Picture";
import { count } from "@/components/sizes";
import { WideTable } from "@/components/WideTable";
import { useGrowth, type Point } from "@/features/audit/growth";
import classes from "@/features/audit/Growth.module.css";
import { lastVerified } from "@/features/audit/verify/trust";

const [WIDE, HIGH, EDGE] = [640, 140, 10];

export function Growth({ size: newest }: { size: number }) {
  const [size] = useState(newest); // drawn once; the head above goes on counting
  const points = useGrowth(size).data;
  const verified = lastVerified();
  const [first, last] = [points?.[0], points?.at(-1)];
  if (!points || !first || !last) return null;
  const seen = verified !== null && verified <= size ? ` This browser verified the first ${count(verified, "entry", "entries")}.` : "";
  return (
    <Picture
      says={`The log grew to ${count(size, "entry", "entries")} from ${day(first.at)} to ${day(last.at)}, all under the newest checkpoint.${seen}`}
      table={
        <WideTable label="Growth of the log" width={280} columns={["When", "Entries by then"]}>
          {points.map(({ at, size: by }) => (
            <tr key={by}>
              <td>{moment(at)}</td>
              <td>{by.toLocaleString("en-GB")}</td>
            </tr>
          ))}
        </WideTable>
      }
    >
      <Line points={points} size={size} verified={seen ? verified : null} />
    </Picture>
  );
}

function Line({ points, size, verified }: { points: readonly Point[]; size: number; verified: number | null }) {
  const times = points.map(({ at }) => Date.parse(at));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const x = (time: number) => EDGE + ((time - from) / Math.max(1, to - from)) * (WIDE - 2 * EDGE);
  const y = (entries: number) => HIGH - EDGE - (entries / Math.max(1, size)) * (HIGH - 2 * EDGE);
  const line = points.map((point, at) => `${x(times[at] ?? from)},${y(point.size)}`).join(" ");
  return (
    <svg viewBox={`0 0 ${WIDE} ${HIGH}`} className={classes["picture"]} aria-hidden>
      <line x1={EDGE} x2={WIDE - EDGE} y1={HIGH - EDGE} y2={HIGH - EDGE} className={classes["ground"]} />
      <polyline points={line} className={classes["line"]} />
      {verified !== null && <line x1={EDGE} x2={WIDE - EDGE} y1={y(verified)} y2={y(verified)} className={classes["verified"]} />}
      <circle cx={x(to)} cy={y(size)} r={5} className={classes["head"]} />
    </svg>
  );
}
