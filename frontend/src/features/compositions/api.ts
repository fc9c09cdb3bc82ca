/** Asking for models and following how they are composed. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";
import type { components } from "@/api/schema";
import type { ModelDetail } from "@/api/types";

type Schemas = components["schemas"];
type State = Schemas["CompositionState"];

export function useModels() {
  return usePages(["models"], (cursor) => answer(client.GET("/api/v1/models", { params: { query: { cursor } } })));
}

/** The models whose names have these words. */
export function useModelsNamed(q: string) {
  return usePages(["models", "named", q], (cursor) => answer(client.GET("/api/v1/models", { params: { query: { q, cursor } } })));
}

export function useModel(org: string, name: string) {
  return useQuery({
    queryKey: ["models", org, name],
    queryFn: () => answer(client.GET("/api/v1/models/{org}/{name}", { params: { path: { org, name } } })),
    refetchInterval: (query) => (isRunning(query.state.data?.latest?.state) ? POLL_MS : false),
  });
}

/** What was published of a model, also what has been withdrawn since. */
export function useRevisions(org: string, name: string) {
  return usePages(["models", org, name, "revisions"], (cursor) =>
    answer(client.GET("/api/v1/models/{org}/{name}/revisions", { params: { path: { org, name }, query: { cursor } } })),
  );
}

const POLL_MS = 1_000;

/** Every state, so that a new one of the service cannot be forgotten here: it would not compile. */
const RUNNING: Record<State, boolean> = {
  requested: true,
  decided: true,
  assembling: true,
  validating: true,
  proving: true,
  published: false,
  refused: false,
  failed: false,
  cancelled: false,
  withdrawn: false,
  superseded: false,
};

export function isRunning(state: State | undefined): boolean {
  return state !== undefined && RUNNING[state];
}

/** A composition; asked again every second while it is being built. */
export function useComposition(id: string) {
  return useQuery({
    queryKey: ["compositions", id],
    queryFn: () =>
      answer(client.GET("/api/v1/compositions/{composition_id}", { params: { path: { composition_id: id } } })),
    refetchInterval: (query) => (isRunning(query.state.data?.state) ? POLL_MS : false),
  });
}

export function useCancelComposition(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      answer(client.POST("/api/v1/compositions/{composition_id}/cancel", { params: { path: { composition_id: id } } })),
    onSuccess: async (composition) => {
      queries.setQueryData(["compositions", id], composition);
      await queries.invalidateQueries({ queryKey: ["models"] });
    },
  });
}

/** Which experts the policies would allow for this purpose, and why not the others. Nothing is asked for yet. */
export function useExplanation(body: Schemas["ExplainModelRequest"]) {
  return useQuery({
    queryKey: ["models", "explain", body],
    queryFn: () => answer(client.POST("/api/v1/models/explain", { body })),
    enabled: body.organisation !== "" && body.anchor !== "" && body.purpose !== "",
    staleTime: 0,
  });
}

interface Wish {
  org: string;
  name: string;
  body: Schemas["RequestModelRequest"];
}

export function useRequestModel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ org, name, body }: Wish): Promise<ModelDetail> => {
      const told = await answer(client.PUT("/api/v1/models/{org}/{name}", { params: { path: { org, name } }, body }));
      if (!("full_name" in told)) throw new Error("a dry run was answered that nobody asked for");
      return told;
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["models"] }),
  });
}
