/** What an operator does about organisations, people, invitations, and everybody's tokens and keys. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client, done } from "@/api/client";
import { usePages } from "@/api/pages";
import type { Role } from "@/api/types";

const ORGANISATIONS = ["organisations"];
const PEOPLE = ["people"];
const INVITATIONS = ["invitations"];
const EVERY_TOKEN = ["every-token"];
const EVERY_KEY = ["every-key"];

export const ROLES: readonly { value: Role; label: string }[] = [
  { value: "owner", label: "Data owner" },
  { value: "compliance", label: "Compliance officer" },
  { value: "consumer", label: "Model consumer" },
  { value: "auditor", label: "Auditor" },
  { value: "operator", label: "Operator" },
];

export function useOrganisations() {
  return useQuery({ queryKey: ORGANISATIONS, queryFn: () => answer(client.GET("/api/v1/organisations")) });
}

export function useCreateOrganisation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { slug: string; name: string; jurisdiction: string }) =>
      answer(client.POST("/api/v1/organisations", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ORGANISATIONS }),
  });
}

export function usePeople(q: string) {
  return usePages([...PEOPLE, q], (cursor) =>
    answer(client.GET("/api/v1/people", { params: { query: { q: q || undefined, cursor } } })),
  );
}

interface Grant {
  organisation: string;
  email: string;
  role: Role;
}

export function useGrantRole() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ organisation, ...body }: Grant) =>
      answer(client.POST("/api/v1/organisations/{slug}/roles", { params: { path: { slug: organisation } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: PEOPLE }),
  });
}

export function useRevokeRole() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ organisation, ...body }: Grant) =>
      done(client.POST("/api/v1/organisations/{slug}/roles/revoke", { params: { path: { slug: organisation } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: PEOPLE }),
  });
}

export function useInvitations() {
  return usePages(INVITATIONS, (cursor) => answer(client.GET("/api/v1/invitations", { params: { query: { cursor } } })));
}

export function useInvite() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Grant & { mail: boolean; days: number }) => answer(client.POST("/api/v1/invitations", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: INVITATIONS }),
  });
}

export function useRevokeInvitation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(client.POST("/api/v1/invitations/{invitation_id}/revoke", { params: { path: { invitation_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: INVITATIONS }),
  });
}

export function useEveryToken() {
  return usePages(EVERY_TOKEN, (cursor) =>
    answer(client.GET("/api/v1/administration/tokens", { params: { query: { cursor } } })),
  );
}

export function useEndToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => done(client.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: EVERY_TOKEN }),
  });
}

export function useEveryKey() {
  return usePages(EVERY_KEY, (cursor) =>
    answer(client.GET("/api/v1/administration/keys", { params: { query: { cursor } } })),
  );
}

export function useEndKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/keys/{key_id}/revoke", { params: { path: { key_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: EVERY_KEY }),
  });
}

/** What an invitation is for, asked once: its code is in the address after the #, which no server sees. */
export function useInvitation(code: string) {
  return useQuery({
    queryKey: ["invitation", code],
    queryFn: () => answer(client.POST("/api/v1/invitations/read", { body: { code } })),
    retry: false,
    staleTime: Infinity,
  });
}

export function useAcceptInvitation() {
  return useMutation({
    mutationFn: (body: { code: string; name: string; password: string }) =>
      answer(client.POST("/api/v1/invitations/accept", { body })),
  });
}
