/** How questions to the service are asked again: never after a refusal, and a lost session leads back to the login. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Refusal } from "@/api/client";
import { SESSION } from "@/api/session";

const TRIES = 2;

export function makeQueries(): QueryClient {
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: lookAgainWhoIsHere }),
    mutationCache: new MutationCache({ onError: lookAgainWhoIsHere }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (failures, error) => failures < TRIES && isPassing(error) },
      // Offline a deed is refused at once. Kept back, it would be done by itself whenever the line returns, unasked.
      mutations: { networkMode: "always" },
    },
  });
  return queries;

  function lookAgainWhoIsHere(error: Error) {
    if (error instanceof Refusal && error.problem.status === 401) void queries.invalidateQueries({ queryKey: SESSION });
  }
}

/** No connection, or a fault of the server: worth another try. */
function isPassing(error: Error): boolean {
  return !(error instanceof Refusal) || error.problem.status === 0 || error.problem.status >= 500;
}
