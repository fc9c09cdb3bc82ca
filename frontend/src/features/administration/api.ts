/** The machine as an operator sees it. Looked at again from time to time while the page is open. */
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";

const OFTEN = 10_000;
const SELDOM = 30_000;

export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: () => answer(client.GET("/api/v1/administration/health")),
    refetchInterval: OFTEN,
  });
}

export function useQueues() {
  return useQuery({
    queryKey: ["queues"],
    queryFn: () => answer(client.GET("/api/v1/administration/queues")),
    refetchInterval: OFTEN,
  });
}

export function useStorage() {
  return useQuery({
    queryKey: ["storage"],
    queryFn: () => answer(client.GET("/api/v1/administration/storage")),
    refetchInterval: SELDOM,
  });
}
