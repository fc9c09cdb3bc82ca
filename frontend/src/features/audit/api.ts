/** Reading the log. */
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";
import type { operations } from "@/api/schema";

export interface LogFilters {
  about?: string;
  event?: string;
  actor?: string;
  order?: string;
}

type Query = NonNullable<operations["listLog"]["parameters"]["query"]>;

/** The newest entries first, unless the oldest are asked for. */
export function useLog({ order, ...filters }: LogFilters) {
  return usePages(["log", { order, ...filters }], (cursor) =>
    answer(
      // Anything may stand in an address; the service says so where it knows no such event.
      client.GET("/api/v1/log", { params: { query: { ...filters, cursor, order: order ?? "newest" } as Query } }),
    ),
  );
}
