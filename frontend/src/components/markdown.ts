/** Markdown, as much of it as our guides use, cut into blocks. */
export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "code"; text: string };

const HEADING = /^(#{1,3}) (.+)$/;
const ITEM = /^(?:(\d+)\.|-) +(.+)$/;

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const last = blocks.at(-1);
    const goesOn = (lines[at - 1] ?? "").trim() !== "";
    if (line.startsWith("```")) {
      const end = lines.findIndex((one, place) => place > at && one.startsWith("```"));
      const close = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, close).join("\n") });
      at = close;
      continue;
    }
    const [, marks, title] = HEADING.exec(line) ?? [];
    const item = ITEM.exec(line);
    if (marks && title) blocks.push({ kind: "heading", level: marks.length, text: title });
    else if (item?.[2]) {
      const ordered = item[1] !== undefined;
      if (last?.kind === "list" && last.ordered === ordered && goesOn) last.items.push(item[2]);
      else blocks.push({ kind: "list", ordered, items: [item[2]] });
    } else if (line.trim() !== "") {
      if (goesOn && last?.kind === "paragraph") last.text += ` ${line.trim()}`;
      else if (goesOn && last?.kind === "list") last.items.push(`${last.items.pop() ?? ""} ${line.trim()}`);
      else blocks.push({ kind: "paragraph", text: line.trim() });
    }
  }
  return blocks;
}
