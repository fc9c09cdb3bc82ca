/** Messages by what they are about: several addresses of an organisation hear of one matter, and one answer settles it. */
import { grouped } from "@/components/grouped";
import type { Delivery } from "@/features/notices/api";

export interface Matter {
  id: string; // of the delivery that is acknowledged in the name of all
  kind: string;
  about: string;
  title: string;
  text: string;
  at: string;
  asks: boolean;
  acknowledgedAt: string | null;
  ways: readonly string[];
}

export function matters(deliveries: readonly Delivery[]): Matter[] {
  const byMatter = grouped(deliveries, ({ kind, about }) => `${kind} ${about}`);
  return [...byMatter.values()].flatMap((copies) => {
    const [newest] = copies;
    if (!newest) return [];
    const { id, kind, about, body, created_at: at, asks } = newest;
    return [
      {
        id,
        kind,
        about,
        title: words(body["title"]) || `${kind}: ${about}`,
        text: words(body["text"]),
        at,
        asks,
        acknowledgedAt: copies.find(({ acknowledged_at: done }) => done)?.acknowledged_at ?? null,
        ways: copies.map(way),
      },
    ];
  });
}

export function isOpen({ asks, acknowledgedAt }: Matter): boolean {
  return asks && acknowledgedAt === null;
}

function way({ channel, to, state, attempts, last_answer: last }: Delivery): string {
  const by = channel === "mail" ? "by mail to" : "posted to";
  if (state === "delivered") return `${by} ${to}`;
  const tried = attempts > 0 ? `, tried ${attempts} times${last ? `: ${last}` : ""}` : "";
  return `${by} ${to}: ${state === "given-up" ? "given up" : "on its way"}${tried}`;
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}
