/** The review queue, claims, questions, and deciding on a version as it was read. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";
import type { components } from "@/api/schema";
import type { Question, Version } from "@/api/types";

export function useReviewQueue() {
  return usePages(["reviews"], (cursor) => answer(client.GET("/api/v1/reviews/queue", { params: { query: { cursor } } })));
}

export function useChecklist() {
  return useQuery({
    queryKey: ["checklist"],
    queryFn: () => answer(client.GET("/api/v1/reviews/checklist")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useClaim(id: string, how: "claim" | "release") {
  const queries = useQueryClient();
  const params = { path: { version_id: id } };
  return useMutation({
    mutationFn: (): Promise<Version> =>
      how === "claim"
        ? answer(client.POST("/api/v1/versions/{version_id}/claim", { params }))
        : answer(client.DELETE("/api/v1/versions/{version_id}/claim", { params })),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["versions", id] }),
        queries.invalidateQueries({ queryKey: ["reviews"] }),
      ]),
  });
}

export function useQuestions(id: string) {
  return useQuery({
    queryKey: ["questions", id],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/questions", { params: { path: { version_id: id } } })),
  });
}

export function useAskOwner(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (text: string): Promise<Question> =>
      answer(client.POST("/api/v1/versions/{version_id}/questions", { params: { path: { version_id: id } }, body: { text } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["questions", id] }),
  });
}

export function useAnswerQuestion(id: string, versionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (text: string): Promise<Question> =>
      answer(client.POST("/api/v1/questions/{question_id}/answer", { params: { path: { question_id: id } }, body: { text } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["questions", versionId] }),
  });
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
