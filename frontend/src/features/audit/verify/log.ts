/** The whole log: its head is signed by a key that is believed, its tiles make the signed root, and it only grew. */
import { unseen, held, type Report } from "@/features/audit/verify/findings";
import { newestHead, believe, checkAgainst, type Memory, type Trust } from "@/features/audit/verify/trust";
import type { Source } from "@/features/audit/verify/tiles";
import type { Head, Walk } from "@/features/audit/verify/walk";

export interface LogCheck {
  trust: Trust;
  source: Source;
  entries: boolean;
  /** Goes through the tiles; in the page, a worker does. */
  walk: (walk: Omit<Walk, "onProgress">) => Promise<void>;
}

/** The report, and what is to be remembered of the log from now on. */
export async function checkLog({ trust, source, entries, walk }: LogCheck): Promise<{ report: Report; memory: Memory | null }> {
  const head = await newestHead(source);
  checkAgainst(trust.memory, head);
  const { key, findings } = await believe(head, trust, source);
  const before: Head | null = trust.memory && { size: trust.memory.size, root: trust.memory.root };
  await walk({ head: { size: head.size, root: head.root }, before, entries });
  const keys = trust.memory?.keys ?? [];
  return {
    report: {
      findings: [
        ...findings,
        held(`The hashes of all ${head.size} entries, read from the log's tiles, make the root that was signed.`),
        entries
          ? held("Every entry hashes to what the tiles list at its place.")
          : unseen("The entries' own words, only their hashes; ask for the entries too to have them read."),
        before
          ? held(`The log begins with the ${before.size} entries that this browser verified before: nothing of them was changed or taken away.`)
          : unseen("Whether the log was another one before: this browser sees it for the first time, and remembers it from now on."),
      ],
      facts: [
        ["Log", head.origin],
        ["Entries", head.size.toLocaleString("en-GB")],
        ["Root", head.root],
        ["Key", key ?? ""],
      ],
    },
    // Without a look at the signature there is nothing to hold anybody to.
    memory: key === null ? null : { origin: head.origin, keys: keys.includes(key) ? keys : [...keys, key], size: head.size, root: head.root },
  };
}
