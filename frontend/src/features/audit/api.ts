/** Reading the log. */
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";

export interface LogFilters {
  about?: string;
  event?: string;
  actor?: string;
  order?: string;
}

/** The newest entries first, unless the oldest are asked for. */
export function useLog({ order, ...filters }: LogFilters) {
  return usePages(["log", { order, ...filters }], (cursor) =>
    answer(
      client.GET("/api/v1/log", {
        params: { query: { ...filters, cursor, ...(order !== "oldest" && { order: "newest" }) } },
      }),
    ),
  );
}
