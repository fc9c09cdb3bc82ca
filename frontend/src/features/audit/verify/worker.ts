/** Goes through a log beside the page, so that the page stays quick however long the log is. */
import { NotVerified } from "@/features/audit/verify/strict";
import { remote } from "@/features/audit/verify/tiles";
import { walkLog, type Walk } from "@/features/audit/verify/walk";

export interface Order extends Omit<Walk, "onProgress"> {
  address: string;
}

export type Told = { kind: "progress"; done: number } | { kind: "done" } | { kind: "fault"; sentence: string };

function tell(told: Told): void {
  self.postMessage(told);
}

async function carryOut({ address, ...order }: Order): Promise<void> {
  try {
    await walkLog(remote(address), { ...order, onProgress: (done) => tell({ kind: "progress", done }) });
    tell({ kind: "done" });
  } catch (fault) {
    tell({ kind: "fault", sentence: fault instanceof NotVerified ? fault.message : "The log could not be read to its end in this browser." });
  }
}

self.onmessage = (event: MessageEvent<Order>) => void carryOut(event.data);
