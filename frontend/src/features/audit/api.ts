/** Reading the log, and the published files by which anybody can check it. */
import { useQuery } from "@tanstack/react-query";
import { answer, client, textOf } from "@/api/client";
import { usePages } from "@/api/pages";
import type { operations } from "@/api/schema";
import { asQuery, type LogFilters } from "@/features/audit/filters";
import { readCheckpoint } from "@/api/proofs";

type Query = NonNullable<operations["listLog"]["parameters"]["query"]>;

/** The newest entries first, unless the oldest are asked for. */
export function useLog(filters: LogFilters) {
  return usePages(["log", filters], (cursor) =>
    answer(
      // Anything may stand in an address; the service says so where it knows no such event.
      client.GET("/api/v1/log", {
        params: { query: { ...asQuery(filters), cursor, order: filters.order ?? "newest" } as Query },
      }),
    ),
  );
}

const A_WHILE_MS = 15_000;

/** The newest signed head of the log, asked again while it is looked at: it grows. */
export function useCheckpoint() {
  return useQuery({
    queryKey: ["checkpoint"],
    queryFn: async () => readCheckpoint(await textOf("/log/checkpoint")),
    refetchInterval: A_WHILE_MS,
  });
}

export function proofPath(index: number): string {
  return `/api/v1/log/${index}/proof`;
}

export function leafPath(index: number): string {
  return `/api/v1/log/${index}/leaf`;
}
