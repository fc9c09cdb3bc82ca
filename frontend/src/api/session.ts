/** Who is signed in. Every feature may ask; only the accounts feature changes it. */
import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import type { Person, Role } from "@/api/types";

export const SESSION = ["session"];

export const sessionQuery = queryOptions({
  queryKey: SESSION,
  queryFn: () => answer(client.GET("/api/v1/session")),
  staleTime: 60_000,
});

const WHOSE = "drafts-of";

/** What one person began in this tab waits for them, also while they sign in again; the next person does not see it. */
export function keepDraftsOf(email: string): void {
  const before = sessionStorage.getItem(WHOSE);
  if (before !== null && before !== email) sessionStorage.clear();
  sessionStorage.setItem(WHOSE, email);
}

export function useSession() {
  return useQuery(sessionQuery);
}

/** The person behind the pages that only a signed-in person sees. */
export function usePerson(): Person {
  const { data } = useSuspenseQuery(sessionQuery);
  if (!data.person) throw new Error("nobody is signed in");
  return data.person;
}

export function hasRole(person: Person, role: Role): boolean {
  return person.roles.some((held) => held.role === role);
}

/** The organisations in which the person holds the role. */
export function organisationsWith(person: Person, role: Role): { slug: string; name: string }[] {
  return person.roles
    .filter((held) => held.role === role)
    .map((held) => ({ slug: held.organisation, name: held.organisation_name }));
}

const LOOKS_AT_ALL: readonly Role[] = ["compliance", "auditor", "operator"];

/** May the person see what is the organisation's own matter: its people, and those whose work is to look. */
export function looksInto(person: Person, organisation: string): boolean {
  return person.roles.some((held) => held.organisation === organisation || LOOKS_AT_ALL.includes(held.role));
}

const READS_DOCUMENTS: readonly Role[] = ["compliance", "auditor"];

/** May the person read the documents beside what the organisation handed in? Operators may not. */
export function readsDocuments(person: Person, organisation: string): boolean {
  return person.roles.some((held) => held.organisation === organisation || READS_DOCUMENTS.includes(held.role));
}
