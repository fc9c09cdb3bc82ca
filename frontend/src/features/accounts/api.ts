/** Signing in and out, API tokens and signing keys. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client, done } from "@/api/client";
import { SESSION } from "@/api/session";

interface Credentials {
  email: string;
  password: string;
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Credentials) => answer(client.POST("/api/v1/session", { body })),
    onSuccess: (session) => queries.setQueryData(SESSION, session),
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => done(client.DELETE("/api/v1/session")),
    onSuccess: () => {
      queries.clear();
      sessionStorage.clear();
      // A new page: nothing that the last person saw stays in memory.
      window.location.assign("/login");
    },
  });
}

const TOKENS = ["tokens"];

export function useTokens() {
  return useQuery({ queryKey: TOKENS, queryFn: () => answer(client.GET("/api/v1/tokens")) });
}

export function useCreateToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; days: number }) => answer(client.POST("/api/v1/tokens", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: TOKENS }),
  });
}

export function useRevokeToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => done(client.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: TOKENS }),
  });
}

const keysOf = (organisation: string) => ["keys", organisation];

export function useKeys(organisation: string) {
  return useQuery({
    queryKey: keysOf(organisation),
    queryFn: () =>
      answer(client.GET("/api/v1/organisations/{slug}/keys", { params: { path: { slug: organisation } } })),
  });
}

export function useRegisterKey(organisation: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; public_key: string }) =>
      answer(client.POST("/api/v1/organisations/{slug}/keys", { params: { path: { slug: organisation } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysOf(organisation) }),
  });
}

export function useRevokeKey(organisation: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/keys/{key_id}/revoke", { params: { path: { key_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysOf(organisation) }),
  });
}
