/** A part of a page that is fetched when it is first shown: pages open sooner without what stands far below, or few people need. */
import { lazy, type ComponentType } from "react";

export function late<Props>(fetchPart: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await fetchPart() }));
}
