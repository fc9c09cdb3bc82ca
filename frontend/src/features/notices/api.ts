/** What was sent to an organisation, saying that it is known, and the addresses that it is posted to. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { usePages } from "@/api/pages";
import type { components } from "@/api/schema";

export type Delivery = components["schemas"]["DeliveryOut"];
export type Webhook = components["schemas"]["WebhookOut"];
export type NewWebhook = components["schemas"]["NewWebhook"];

export function useDeliveries(slug: string) {
  return usePages(["deliveries", slug], (cursor) =>
    answer(client.GET("/api/v1/organisations/{slug}/deliveries", { params: { path: { slug }, query: { cursor } } })),
  );
}

export function useAcknowledge() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(client.POST("/api/v1/deliveries/{delivery_id}/acknowledge", { params: { path: { delivery_id: id } }, body: {} })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["deliveries"] }),
  });
}

export function useWebhooks(slug: string) {
  return useQuery({
    queryKey: ["webhooks", slug],
    queryFn: () => answer(client.GET("/api/v1/organisations/{slug}/webhooks", { params: { path: { slug } } })),
  });
}

export function useCreateWebhook(slug: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (url: string): Promise<NewWebhook> =>
      answer(client.POST("/api/v1/organisations/{slug}/webhooks", { params: { path: { slug } }, body: { url } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["webhooks"] }),
  });
}

export function usePingWebhook() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/webhooks/{webhook_id}/ping", { params: { path: { webhook_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["deliveries"] }),
  });
}

export function useDisableWebhook() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/webhooks/{webhook_id}/disable", { params: { path: { webhook_id: id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["webhooks"] }),
  });
}
