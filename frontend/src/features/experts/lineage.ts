/** The way of an expert as nodes in columns and lines between them; what is over is told apart from what holds. */
import type { Lineage } from "@/api/types";
import { count } from "@/components/sizes";

export interface Node {
  id: string;
  column: number;
  row: number;
  words: string;
  about: string;
  /** Taken out, or of no use any more. */
  over: boolean;
}

export interface Line {
  from: string;
  to: string;
  over: boolean;
}

export interface Graph {
  nodes: Node[];
  lines: Line[];
  rows: number;
}

export const COLUMNS = ["Data", "Expert", "Versions", "Models", "Consumers"];
const OVER: ReadonlySet<string> = new Set(["withdrawn", "rejected", "failed"]);

export function graphOf(expert: string, { versions, holders }: Lineage): Graph {
  const ends = new Map(versions.map(({ number, state }) => [number, OVER.has(state)]));
  const nodes: Node[] = [{ id: "expert", column: 1, row: 0, words: expert, about: "the expert", over: false }];
  const lines: Line[] = [];
  const rows = [0, 1, 0, 0, 0];

  function put(id: string, column: number, node: Omit<Node, "id" | "column" | "row">) {
    const known = nodes.find((one) => one.id === id);
    // It is over only if each of its uses is.
    if (known) known.over &&= node.over;
    else nodes.push({ id, column, row: (rows[column] ??= 0), ...node });
    if (!known) rows[column] = (rows[column] ?? 0) + 1;
  }

  for (const { number, state, trained_on: data } of versions) {
    const over = ends.get(number) ?? false;
    if (data) {
      put(`data ${data}`, 0, { words: data, about: "what it was trained on", over });
      if (!lines.some((line) => line.from === `data ${data}`)) lines.push({ from: `data ${data}`, to: "expert", over: false });
    }
    put(`version ${number}`, 2, { words: `Version ${number}`, about: state, over });
    lines.push({ from: "expert", to: `version ${number}`, over });
  }
  for (const { version, model, consumer, holds, builds } of holders) {
    put(`model ${model}`, 3, { words: model, about: count(builds, "build"), over: !holds });
    put(`consumer ${consumer}`, 4, { words: consumer, about: "a consumer", over: !holds });
    lines.push({ from: `version ${version}`, to: `model ${model}`, over: !holds });
    const out = lines.find((line) => line.from === `model ${model}` && line.to === `consumer ${consumer}`);
    if (out) out.over &&= !holds;
    else lines.push({ from: `model ${model}`, to: `consumer ${consumer}`, over: !holds });
  }
  return { nodes, lines, rows: Math.max(...rows) };
}

/** The picture in one sentence. */
export function inOneSentence(expert: string, { versions, holders }: Lineage): string {
  const gone = versions.filter(({ state }) => state === "withdrawn").length;
  const now = holders.filter(({ holds }) => holds);
  const models = new Set(now.map(({ model }) => model)).size;
  const consumers = new Set(now.map(({ consumer }) => consumer)).size;
  const withdrawn = gone === 0 ? "" : `, ${gone} of them withdrawn`;
  const used = models === 0 ? "no model holds it now" : `${count(models, "model")} of ${count(consumers, "consumer")} hold it now`;
  return `${expert} has ${count(versions.length, "version")}${withdrawn}; ${used}.`;
}

/** As much of a name as fits. */
export function cut(words: string, most: number): string {
  return words.length <= most ? words : `${words.slice(0, most - 1)}…`;
}
