/** The guides of docs/guides, taken in when the pages are built. */
const TEXTS = import.meta.glob<string>("../../../docs/guides/*.md", { query: "?raw", import: "default", eager: true });

export const GUIDES = ["owner", "compliance", "consumer", "auditor", "operator"] as const;

export interface Guide {
  name: string;
  title: string;
  about: string;
  text: string; // below its title
}

export function guideOf(name: string): Guide | null {
  const text = TEXTS[`../../../docs/guides/${name}.md`];
  if (text === undefined) return null;
  const [title = "", ...rest] = text.split("\n");
  const body = rest.join("\n").trim();
  return { name, title: title.replace(/^# /, ""), about: (body.split("\n\n")[0] ?? "").replaceAll("\n", " "), text: body };
}
