/** Looking at what a withdrawal would hit, taking versions back, following that to its end; pausing and holding. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import type { components } from "@/api/schema";
import type { Withdrawal, WithdrawalPreview } from "@/api/types";
import { pollAfter } from "@/features/withdrawals/steps";

export type Wish = components["schemas"]["WithdrawInRequest"];
export type Scope = "version" | "expert" | "organisation";

/** What may be taken back from the page of one version. */
export interface Target {
  id: string;
  name: string; // org/name@1
  expert: string; // org/name
  organisation: string;
}

function versionPath(id: string) {
  return { params: { path: { version_id: id } } };
}

function expertPath(expert: string) {
  const [organisation = "", name = ""] = expert.split("/");
  return { params: { path: { organisation, name } } };
}

function organisationPath(slug: string) {
  return { params: { path: { slug } } };
}

function preview({ id, expert, organisation }: Target, scope: Scope): Promise<WithdrawalPreview> {
  if (scope === "expert") {
    return answer(client.GET("/api/v1/experts/{organisation}/{name}/withdrawal-preview", expertPath(expert)));
  }
  if (scope === "organisation") {
    return answer(client.GET("/api/v1/organisations/{slug}/withdrawal-preview", organisationPath(organisation)));
  }
  return answer(client.GET("/api/v1/versions/{version_id}/withdrawal-preview", versionPath(id)));
}

export function useWithdrawalPreview(target: Target, scope: Scope, wanted: boolean) {
  return useQuery({
    queryKey: ["withdrawals", "preview", scope, target.id],
    queryFn: () => preview(target, scope),
    enabled: wanted,
    staleTime: 0,
  });
}

async function withdraw({ id, expert, organisation }: Target, scope: Scope, body: Wish): Promise<readonly Withdrawal[]> {
  if (scope === "expert") {
    return answer(client.POST("/api/v1/experts/{organisation}/{name}/withdraw", { ...expertPath(expert), body }));
  }
  if (scope === "organisation") {
    return answer(client.POST("/api/v1/organisations/{slug}/withdraw", { ...organisationPath(organisation), body }));
  }
  return [await answer(client.POST("/api/v1/versions/{version_id}/withdraw", { ...versionPath(id), body }))];
}

export function useWithdraw(target: Target, scope: Scope) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wish: Wish) => withdraw(target, scope, wish),
    onSuccess: async (found) => {
      for (const one of found) if (one.version === target.name) queries.setQueryData(followed(target.id), one);
      await refreshAll(queries);
    },
  });
}

/** A withdrawal; asked again and again until it is certified. */
export function useWithdrawal(versionId: string) {
  return useQuery({
    queryKey: followed(versionId),
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/withdrawal", versionPath(versionId))),
    refetchInterval: (query) => pollAfter(query.state.data),
  });
}

/** The same with what it cannot reach, for those who may look into it. */
export function useResiduals(id: string) {
  return useQuery({
    queryKey: ["withdrawals", "whole", id],
    queryFn: async () =>
      (await answer(client.GET("/api/v1/withdrawals/{withdrawal_id}", withdrawalPath(id)))).residuals,
    refetchInterval: 10_000,
  });
}

export function useConfirmDestruction({ id, versionId }: { id: string; versionId: string }) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (password: string) =>
      answer(client.POST("/api/v1/withdrawals/{withdrawal_id}/confirm-destruction", { ...withdrawalPath(id), body: { password } })),
    onSuccess: (withdrawal) => queries.setQueryData(followed(versionId), withdrawal),
  });
}

export function certificatePath(id: string): string {
  return `/api/v1/withdrawals/${id}/certificate`;
}

export function useCertificate(id: string) {
  return useQuery({
    queryKey: ["withdrawals", "certificate", id],
    queryFn: () => answer(client.GET("/api/v1/withdrawals/{withdrawal_id}/certificate", withdrawalPath(id))),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function usePauseVersion(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      answer(client.POST("/api/v1/versions/{version_id}/pause", { ...versionPath(id), body: { reason } })),
    onSuccess: () => refreshAll(queries),
  });
}

export function useResumeVersion(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.POST("/api/v1/versions/{version_id}/resume", versionPath(id))),
    onSuccess: () => refreshAll(queries),
  });
}

export function useHold(versionId: string) {
  return useQuery({
    queryKey: ["withdrawals", "hold", versionId],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/hold", versionPath(versionId))),
  });
}

export function usePlaceHold(versionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      answer(client.POST("/api/v1/versions/{version_id}/hold", { ...versionPath(versionId), body: { reason } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["withdrawals"] }),
  });
}

export function useLiftHold(versionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.DELETE("/api/v1/versions/{version_id}/hold", versionPath(versionId))),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["withdrawals"] }),
  });
}

function withdrawalPath(id: string) {
  return { params: { path: { withdrawal_id: id } } };
}

function followed(versionId: string) {
  return ["withdrawals", "of", versionId];
}

/** States, models and the log have changed; what a withdrawal said of itself is newer than any of them. */
function refreshAll(queries: QueryClient) {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "withdrawals" });
}
