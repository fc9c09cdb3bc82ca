/** Checking the log from the page: the walk is a worker's, which can be stopped; the page hears how far it is. */
import { useEffect, useRef, useState } from "react";
import type { Report } from "@/features/audit/verify/findings";
import { reported } from "@/features/audit/verify/findings";
import { checkLog, type LogCheck } from "@/features/audit/verify/log";
import { NotVerified } from "@/features/audit/verify/strict";
import { remote, type Source } from "@/features/audit/verify/tiles";
import { remember, remembered, type Trust } from "@/features/audit/verify/trust";
import type { Order, Told } from "@/features/audit/verify/worker";

export const ADDRESS = `${window.location.origin}/log`;
export const source: Source = remote(ADDRESS);

export function trusting(given: string): Trust {
  return { given: given.trim() || null, memory: remembered() };
}

export interface Progress {
  done: number;
  of: number;
}

export function useLogCheck() {
  const [report, setReport] = useState<Report | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const worker = useRef<Worker | null>(null);
  useEffect(() => () => worker.current?.terminate(), []);

  const walk: LogCheck["walk"] = (order) =>
    new Promise((resolve, reject) => {
      const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      worker.current = made;
      setProgress({ done: 0, of: order.head.size });
      made.onmessage = ({ data }: MessageEvent<Told>) => {
        if (data.kind === "progress") { setProgress({ done: data.done, of: order.head.size }); return; }
        made.terminate();
        if (data.kind === "done") resolve();
        else reject(new NotVerified(data.sentence));
      };
      made.onerror = () => reject(new NotVerified("This browser could not start the check; reload the page and try again."));
      made.postMessage({ ...order, address: ADDRESS } satisfies Order);
    });

  async function start(given: string, entries: boolean): Promise<void> {
    setReport(null);
    setProgress({ done: 0, of: 0 });
    const found = await reported(async () => {
      const { report: held, memory } = await checkLog({ trust: trusting(given), source, entries, walk });
      if (memory) remember(memory);
      return held;
    });
    setProgress(null);
    setReport(found);
  }

  function stop(): void {
    worker.current?.terminate();
    setProgress(null);
  }

  return { report, progress, start, stop };
}
