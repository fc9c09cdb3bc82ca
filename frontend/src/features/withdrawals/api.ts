/** Looking at what a withdrawal would hit, and taking a version back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";

function versionPath(id: string) {
  return { params: { path: { version_id: id } } };
}

export function useWithdrawalPreview(id: string, wanted: boolean) {
  return useQuery({
    queryKey: ["withdrawals", id, "preview"],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/withdrawal-preview", versionPath(id))),
    enabled: wanted,
    staleTime: 0,
  });
}

const POLL_MS = 1_500;

/** A withdrawal; asked again and again until every model that held the version has been seen to. */
export function useWithdrawal(id: string) {
  return useQuery({
    queryKey: ["withdrawals", id],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/withdrawal", versionPath(id))),
    refetchInterval: (query) => (query.state.data && !query.state.data.propagated_at ? POLL_MS : false),
  });
}

export function useWithdrawVersion(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      answer(client.POST("/api/v1/versions/{version_id}/withdraw", { ...versionPath(id), body: { reason, legal_basis: "other" } })),
    onSuccess: async (withdrawal) => {
      queries.setQueryData(["withdrawals", id], withdrawal);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "withdrawals" });
    },
  });
}
