/** The fixed words of the registry: purposes, legal grounds, licences, each with its name for people. */
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";

export function useVocabulary() {
  return useQuery({
    queryKey: ["vocabulary"],
    queryFn: () => answer(client.GET("/api/v1/vocabulary")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The name of an id, or the id itself while its name is not known. */
export function nameOf(things: readonly { id: string; name: string }[] | undefined, id: string): string {
  return things?.find((thing) => thing.id === id)?.name ?? id;
}
