/** A page that is fetched when it is wanted. Without a line the router would load everything again, and the browser would
 * show its own page in place of ours; so this is said here instead. */
import { lazyRouteComponent as lazily } from "@tanstack/react-router";
import { unreachable } from "@/api/client";

export const lazyRouteComponent: typeof lazily = (fetchPage, name) =>
  lazily(
    () =>
      fetchPage().catch((fault: unknown) => {
        throw navigator.onLine ? fault : unreachable();
      }),
    name,
  );
