/** Asking for anchors, experts and versions, and making new ones. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client, tagged } from "@/api/client";
import { usePages } from "@/api/pages";
import type { components, operations } from "@/api/schema";
import type { Expert, Version } from "@/api/types";

type Schemas = components["schemas"];
type Query = NonNullable<operations["listExperts"]["parameters"]["query"]>;

export interface Facets {
  q?: string;
  domain?: string;
  anchor?: string;
  organisation?: string;
  state?: string;
}

export function useExperts(facets: Facets) {
  return usePages(["experts", facets], (cursor) =>
    // Anything may stand in an address; the service says so where it knows no such state.
    answer(client.GET("/api/v1/experts", { params: { query: { ...facets, cursor } as Query } })),
  );
}

export function useAnchors() {
  return useQuery({
    queryKey: ["anchors"],
    queryFn: async () => (await answer(client.GET("/api/v1/anchors"))).results,
    staleTime: 60_000,
  });
}

export function useExpert(organisation: string, name: string) {
  return useQuery({
    queryKey: ["experts", organisation, name],
    queryFn: () =>
      answer(client.GET("/api/v1/experts/{organisation}/{name}", { params: { path: { organisation, name } } })),
  });
}

/** Where it went: its versions, and the models that hold or held each. */
export function useLineage(organisation: string, name: string) {
  return useQuery({
    queryKey: ["experts", organisation, name, "lineage"],
    queryFn: () =>
      answer(client.GET("/api/v1/experts/{organisation}/{name}/lineage", { params: { path: { organisation, name } } })),
  });
}

const POLL_MS = 1_500;

/** A version; asked again and again while the worker verifies it. */
export function useVersion(id: string) {
  return useQuery({
    queryKey: ["versions", id],
    queryFn: (): Promise<Version> => tagged(client.GET("/api/v1/versions/{version_id}", { params: { path: { version_id: id } } })),
    refetchInterval: (query) => (query.state.data?.state === "submitted" ? POLL_MS : false),
  });
}

export function createExpert(body: Schemas["CreateExpertRequest"]): Promise<Expert> {
  return answer(client.POST("/api/v1/experts", { body }));
}

export function draftVersion(expert: string, body: Schemas["DraftVersionRequest"]): Promise<Version> {
  const [organisation = "", name = ""] = expert.split("/");
  const params = { path: { organisation, name } };
  return answer(client.POST("/api/v1/experts/{organisation}/{name}/versions", { params, body }));
}

export function useSubmitVersion(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.POST("/api/v1/versions/{version_id}/submit", { params: { path: { version_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["versions", id] }),
  });
}
