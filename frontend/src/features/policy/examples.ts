/** Examples beside a set: what is unlike the plain case, a fact a line, so that a person can write them. */
export interface Example {
  name: string;
  facts?: Facts;
  refused_by?: string[];
}

export type Facts = { [name: string]: unknown };

export function isExample(value: unknown): value is Example {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}

/** `subject.state = "draft"`, a line each. */
export function inLines(facts: Facts | undefined, path = ""): string {
  return Object.entries(facts ?? {})
    .map(([name, value]) => (isFacts(value) ? inLines(value, `${path}${name}.`) : `${path}${name} = ${JSON.stringify(value)}`))
    .join("\n");
}

/** The facts of such lines. A word without quotes is a word; what a fact may be, the service says. */
export function fromLines(lines: string): Facts {
  const facts: Facts = {};
  for (const line of lines.split("\n")) {
    const cut = line.indexOf("=");
    if (line.trim() === "") continue;
    const path = (cut < 0 ? line : line.slice(0, cut)).trim().split(".");
    put(facts, path, cut < 0 ? "" : valueOf(line.slice(cut + 1).trim()));
  }
  return facts;
}

function put(facts: Facts, [name = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    facts[name] = value;
    return;
  }
  const inner = Object.hasOwn(facts, name) ? facts[name] : undefined;
  const next: Facts = isFacts(inner) ? inner : {};
  facts[name] = next;
  put(next, rest, value);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isFacts(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where in a text a line and a column are, as the service counts them: from one on. */
export function offsetOf(text: string, line: number, column: number): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

/** The word that begins at a place, or its one sign: what is marked as wrong. */
export function wordAt(text: string, offset: number): string {
  return /^(\w+|"[^"\n]*"?|.)/.exec(text.slice(offset))?.[0] ?? "";
}
