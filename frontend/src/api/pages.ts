/** Long lists: page after page behind a cursor, as one growing list. */
import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";

export interface Page<T> {
  next?: string | null;
  results: T[];
}

/** The cursor inside the address of the next page. */
export function cursorOf(next: string | null | undefined): string | null {
  if (!next) return null;
  return new URL(next, window.location.origin).searchParams.get("cursor");
}

export function usePages<T>(queryKey: QueryKey, load: (cursor: string | undefined) => Promise<Page<T>>) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => load(pageParam ?? undefined),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => cursorOf(page.next),
    select: (data) => data.pages.flatMap((page) => page.results),
  });
}
