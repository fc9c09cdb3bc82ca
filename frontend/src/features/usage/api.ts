/** Statements of use, by month: each can be recomputed from the log. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import type { Statement } from "@/features/usage/months";

const statement = (slug: string, month: string | undefined): Promise<Statement> =>
  answer(client.GET("/api/v1/organisations/{slug}/usage", { params: { path: { slug }, query: { month } } })) as Promise<Statement>;

export function useUsage(slug: string) {
  return useQuery({ queryKey: ["usage", slug, "all"], queryFn: () => statement(slug, undefined) });
}

/** One answer a month, in their order; a month that is over does not change any more. */
export function useUsageByMonth(slug: string, months: readonly string[]) {
  return useQueries({
    queries: months.map((month, place) => ({
      queryKey: ["usage", slug, month],
      queryFn: () => statement(slug, month),
      staleTime: place < months.length - 1 ? Number.POSITIVE_INFINITY : 5_000,
    })),
  });
}
