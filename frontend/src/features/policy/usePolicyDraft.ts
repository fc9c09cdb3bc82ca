/** What is being written, kept in the browser: a closed window loses nothing. */
import { useEffect, useState } from "react";
import type { PolicySetWhole } from "@/api/types";
import { isExample, type Example } from "@/features/policy/examples";

export interface PolicyDraft {
  from: number;
  text: string;
  examples: Example[];
  reason: string;
}

const KEY = "guildhall-policy-draft";

export function beginning(set: Pick<PolicySetWhole, "number" | "text" | "examples">): PolicyDraft {
  return { from: set.number, text: set.text, examples: set.examples.filter(isExample), reason: "" };
}

/** A draft that was begun from the same set; what stands in the browser's store may be anything. */
export function readDraft(stored: string | null, from: number): PolicyDraft | null {
  let found: unknown;
  try {
    found = JSON.parse(stored ?? "null");
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const draft = found as Partial<Record<keyof PolicyDraft, unknown>>;
  if (draft.from !== from || typeof draft.text !== "string" || typeof draft.reason !== "string") return null;
  if (!Array.isArray(draft.examples) || !draft.examples.every(isExample)) return null;
  return { from, text: draft.text, reason: draft.reason, examples: draft.examples };
}

export function usePolicyDraft(set: PolicySetWhole) {
  const [draft, setDraft] = useState(() => readDraft(localStorage.getItem(KEY), set.number) ?? beginning(set));
  const changed = draft.text !== set.text || JSON.stringify(draft.examples) !== JSON.stringify(set.examples) || draft.reason !== "";

  useEffect(() => {
    if (changed) localStorage.setItem(KEY, JSON.stringify(draft));
    else localStorage.removeItem(KEY);
  }, [draft, changed]);

  return {
    draft,
    changed,
    change: (part: Partial<PolicyDraft>) => setDraft((now) => ({ ...now, ...part })),
    startOver: () => setDraft(beginning(set)),
    forget: () => localStorage.removeItem(KEY),
  };
}
