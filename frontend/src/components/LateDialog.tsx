/** The dialogs of the frame, which every page would have to carry and few people open. */
import { Suspense, useState } from "react";
import type { DialogProps } from "@/components/Dialog";
import { late } from "@/components/late";

const Dialog = late(async () => (await import("@/components/Dialog")).Dialog);

export function LateDialog(props: DialogProps) {
  const [asked, setAsked] = useState(false);
  if (props.opened && !asked) setAsked(true);
  return asked && <Suspense fallback={null}><Dialog {...props} /></Suspense>;
}
