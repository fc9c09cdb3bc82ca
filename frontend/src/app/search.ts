/** Reads what stands behind the question mark of an address: anybody may have written it. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The named texts, and nothing else. */
export function texts<const N extends string>(names: readonly N[]): (search: Record<string, unknown>) => { [K in N]?: string } {
  return (search) => {
    const found: { [K in N]?: string } = {};
    for (const name of names) {
      const value = text(search[name]);
      if (value !== undefined) found[name] = value;
    }
    return found;
  };
}

/** Only our own pages: an address that somebody else wrote must not lead elsewhere. */
export function inside(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}
