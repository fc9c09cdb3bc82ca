/** What an anchor asks of an expert's tensors. Its architecture is free JSON, so it is read with care. */
import type { Anchor } from "@/api/types";
import { inside } from "@/features/experts/cards";
import type { AnchorShape } from "@/features/experts/upload/precheck";

export function shapeOf(anchor: Anchor | undefined): AnchorShape | null {
  if (!anchor) return null;
  const [hidden, intermediate, layers, dtype] = ["hidden_size", "intermediate_size", "num_hidden_layers", "dtype"].map((name) =>
    inside(anchor.architecture, name),
  );
  if (typeof hidden !== "number" || typeof intermediate !== "number" || typeof layers !== "number") return null;
  if (typeof dtype !== "string") return null;
  return { digest: anchor.digest, hidden, intermediate, layers, dtype };
}
