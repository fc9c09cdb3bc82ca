/** Under which name an upload goes: one that is there, or a new one. */

export interface Naming {
  expert: string; // "org/name" of one that is there; empty: a new one
  organisation: string;
  name: string;
  title: string;
  description: string;
  domain: string;
  anchor: string;
}

export const NO_NAME: Naming = { expert: "", organisation: "", name: "", title: "", description: "", domain: "", anchor: "" };

export type NamingFaults = { [K in keyof Naming]?: string };

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** What is still to be said, by field. */
export function unnamed(naming: Naming): NamingFaults {
  if (naming.expert) return {};
  const found: NamingFaults = {};
  if (!naming.organisation) found.organisation = "Choose the organisation it belongs to.";
  if (!naming.anchor) found.anchor = "Choose the anchor it was trained beside.";
  if (!NAME.test(naming.name)) found.name = "Use small letters, digits and hyphens, at most 40.";
  if (!naming.title.trim()) found.title = "Give it a title that people recognise.";
  if (!naming.domain.trim()) found.domain = "Say what it knows, in a word.";
  return found;
}
