/** Policy sets: read, written and checked, run in shadow, proposed by one person and activated by another. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { cursorOf, usePages } from "@/api/pages";
import type { Foresight, PolicySetWhole, Shadow } from "@/api/types";
import type { Example } from "@/features/policy/examples";

const POLICIES = ["policies"];
const at = (number: number) => ({ params: { path: { number } } });

export function usePolicySets() {
  return usePages([...POLICIES, "list"], (cursor) =>
    answer(client.GET("/api/v1/policies", { params: { query: { cursor } } })),
  );
}

export function usePolicySet(number: number) {
  return useQuery({ queryKey: [...POLICIES, number], queryFn: () => answer(client.GET("/api/v1/policies/{number}", at(number))) });
}

/** The set that decides, whole. */
export function useActivePolicySet() {
  return useQuery({ queryKey: [...POLICIES, "active"], queryFn: activeSet });
}

async function activeSet(): Promise<PolicySetWhole> {
  let cursor: string | undefined;
  for (;;) {
    const page = await answer(client.GET("/api/v1/policies", { params: { query: { cursor } } }));
    const active = page.results.find((set) => set.active);
    if (active) return answer(client.GET("/api/v1/policies/{number}", at(active.number)));
    cursor = cursorOf(page.next) ?? undefined;
    if (!cursor) throw new Error("No policy set decides; the operator has to start the service anew.");
  }
}

export function useTriedExamples(number: number) {
  return useQuery({
    queryKey: [...POLICIES, number, "examples"],
    queryFn: () => answer(client.GET("/api/v1/policies/{number}/examples", at(number))),
  });
}

/** What the service says to a set that is being written. Nothing is stored; what was said last is shown meanwhile. */
export function useCheckedPolicies(text: string, examples: readonly Example[]) {
  const body = { text, examples: [...examples] };
  return useQuery({
    queryKey: [...POLICIES, "check", text, examples],
    queryFn: ({ signal }) => answer(client.POST("/api/v1/policies/check", { body, signal })),
    enabled: text.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
  });
}

export function useProposePolicies() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { text: string; examples: Example[]; reason: string }): Promise<PolicySetWhole> =>
      answer(client.POST("/api/v1/policies", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: POLICIES }),
  });
}

export interface ShadowRun {
  shadow: Shadow;
  models: Foresight["models"];
}

/** Both answers that whoever activates wants to read: to the last questions, and for the models that stand. */
export function useShadowRun(number: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (): Promise<ShadowRun> => {
      const shadow = await answer(client.POST("/api/v1/policies/{number}/shadow", { ...at(number), body: {} }));
      // The decisions are known by now: one is enough to ask for the models.
      const { models } = await answer(client.POST("/api/v1/policies/simulate", { body: { activate: number, decisions: 1 } }));
      return { shadow, models };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: POLICIES }),
  });
}

export function useActivate(number: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (): Promise<PolicySetWhole> => answer(client.POST("/api/v1/policies/{number}/activate", at(number))),
    onSettled: () => queries.invalidateQueries({ queryKey: POLICIES }),
  });
}

export function useGoBack(number: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string): Promise<PolicySetWhole> =>
      answer(client.POST("/api/v1/policies/{number}/rollback", { ...at(number), body: { reason } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: POLICIES }),
  });
}

/** What deciding on a version would change, before it is done. */
export function useForesight(deed: { approve: string } | { reject: string } | null) {
  return useQuery({
    queryKey: ["foresight", deed],
    queryFn: (): Promise<Foresight> => answer(client.POST("/api/v1/policies/simulate", { body: deed ?? {} })),
    enabled: deed !== null,
    staleTime: 30_000,
  });
}
