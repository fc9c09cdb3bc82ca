/** The way of an expert from its data to whoever uses it, what was taken out struck through; the same as a table. */
import { Text } from "@mantine/core";
import type { Lineage } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { PageLink } from "@/components/PageLink";
import { Picture } from "@/components/Picture";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { WideTable } from "@/components/WideTable";
import { useLineage } from "@/features/experts/api";
import { COLUMNS, cut, graphOf, inOneSentence, type Graph, type Node } from "@/features/experts/lineage";
import classes from "@/features/experts/LineageGraph.module.css";

const WIDE = 176;
const HIGH = 40;
const [GAP_X, GAP_Y, TOP] = [44, 14, 26];
const FITS = 23; // signs in a box

export function LineageGraph({ organisation, name }: { organisation: string; name: string }) {
  const lineage = useLineage(organisation, name);
  const expert = `${organisation}/${name}`;
  return (
    <Answered query={lineage} what="lineage">
      {(found) =>
        found.versions.length === 0 ? (
          <Empty title="Nothing to draw yet">The picture begins with the first version.</Empty>
        ) : (
          <>
            <Picture wide says={inOneSentence(expert, found)} table={<LineageTable lineage={found} />}>
              <Drawing graph={graphOf(expert, found)} />
            </Picture>
            {found.left_out > 0 && (
              <Text size="sm" c="dimmed">
                And {count(found.left_out, "use")} more, of earlier days.
              </Text>
            )}
          </>
        )
      }
    </Answered>
  );
}

const left = ({ column }: Node) => column * (WIDE + GAP_X);
const top = ({ row }: Node) => TOP + row * (HIGH + GAP_Y);

function Drawing({ graph: { nodes, lines, rows } }: { graph: Graph }) {
  const width = COLUMNS.length * WIDE + (COLUMNS.length - 1) * GAP_X;
  const height = TOP + rows * HIGH + (rows - 1) * GAP_Y + 2;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return (
    <svg viewBox={`-1 0 ${width + 2} ${height}`} style={{ minWidth: 980, maxHeight: height * 1.1 }} className={classes["drawing"]} aria-hidden>
      {COLUMNS.map((column, place) => (
        <text key={column} x={place * (WIDE + GAP_X)} y={14} className={classes["column"]}>
          {column}
        </text>
      ))}
      {lines.map((line) => {
        const [from, to] = [byId.get(line.from), byId.get(line.to)];
        if (!from || !to) return null;
        const [x1, y1, x2, y2] = [left(from) + WIDE, top(from) + HIGH / 2, left(to), top(to) + HIGH / 2];
        const bend = (x2 - x1) / 2;
        return (
          <path
            key={`${line.from} ${line.to}`}
            d={`M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`}
            className={classes["line"]}
            data-over={line.over || undefined}
          />
        );
      })}
      {nodes.map((node) => (
        <g key={node.id} className={classes["node"]} data-over={node.over || undefined}>
          <title>{`${node.words}, ${node.about}`}</title>
          <rect x={left(node)} y={top(node)} width={WIDE} height={HIGH} rx={8} />
          <text x={left(node) + 10} y={top(node) + HIGH / 2 + 4.5}>
            {cut(node.words, FITS)}
          </text>
        </g>
      ))}
    </svg>
  );
}

function LineageTable({ lineage: { versions, holders } }: { lineage: Lineage }) {
  return (
    <WideTable label="Versions, and the models that hold or held each" width={620} columns={["Version", "State", "Trained on", "Model", "Consumer", "Holds it now"]}>
      {versions.flatMap((version) => {
        const uses = holders.filter((holder) => holder.version === version.number);
        return (uses.length > 0 ? uses : [null]).map((use) => (
          <tr key={`${version.number} ${use?.model}`}>
            <td>
              <PageLink to="/versions/$id" params={{ id: version.id }}>
                {version.number}
              </PageLink>
            </td>
            <td>
              <StateBadge state={version.state} />
            </td>
            <td>{version.trained_on || "not said"}</td>
            <td>{use ? <ModelName full={use.model} /> : "none"}</td>
            <td>{use?.consumer ?? ""}</td>
            <td>{use ? (use.holds ? "yes" : "no longer") : ""}</td>
          </tr>
        ));
      })}
    </WideTable>
  );
}

function ModelName({ full }: { full: string }) {
  const [org = "", name = ""] = full.split("/");
  return (
    <PageLink to="/models/$org/$name" params={{ org, name }}>
      {full}
    </PageLink>
  );
}
