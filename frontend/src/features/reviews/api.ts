/** The review queue, and deciding on a version as it was read. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";
import type { components } from "@/api/schema";
import type { Version } from "@/api/types";

export function useReviewQueue() {
  return usePages(["reviews"], (cursor) => answer(client.GET("/api/v1/reviews/queue", { params: { query: { cursor } } })));
}

interface Decision {
  body: components["schemas"]["ReviewVersionInRequest"];
  etag: string | null;
}

export function useReviewVersion(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ body, etag }: Decision): Promise<Version> =>
      answer(
        client.POST("/api/v1/versions/{version_id}/reviews", {
          params: { path: { version_id: id } },
          headers: etag ? { "If-Match": etag } : {},
          body,
        }),
      ),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["versions", id] }),
        queries.invalidateQueries({ queryKey: ["reviews"] }),
      ]),
  });
}
