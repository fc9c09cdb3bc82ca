/** The upload of a package, file after file, as a page shows it: how far, how fast, how long still; to stop and go on. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { Speed } from "@/features/experts/upload/speed";
import { bringFile } from "@/features/experts/upload/upload";

export interface UploadState {
  phase: "idle" | "running" | "stopped" | "failed" | "done";
  file: string;
  step: "hashing" | "sending";
  total: number;
  hashed: number;
  sent: number;
  rate: number | null;
  error: Error | null;
}

const IDLE: UploadState = { phase: "idle", file: "", step: "hashing", total: 0, hashed: 0, sent: 0, rate: null, error: null };
const SHOW_MS = 200;

export function useUpload(versionId: string) {
  const [state, setState] = useState(IDLE);
  const running = useRef<AbortController | null>(null);
  const queries = useQueryClient();

  useEffect(() => () => running.current?.abort(), []);
  useWarningBeforeLeaving(state.phase === "running");

  const start = useCallback(
    async (files: readonly File[]): Promise<boolean> => {
      const controller = new AbortController();
      running.current = controller;
      const total = files.reduce((sum, file) => sum + file.size, 0);
      const now: UploadState = { ...IDLE, phase: "running", total };
      let speed = new Speed();
      const show = () => {
        if (now.step === "sending") speed.mark(performance.now(), now.sent);
        setState({ ...now, rate: speed.now() });
      };
      const ticking = setInterval(show, SHOW_MS);
      show();
      try {
        for (const file of files) {
          now.file = file.name;
          await bringFile(
            versionId,
            file,
            {
              step: (step) => {
                now.step = step;
                speed = new Speed();
              },
              hashed: (bytes) => (now.hashed += bytes),
              sent: (bytes) => (now.sent += bytes),
            },
            controller.signal,
          );
        }
        now.phase = "done";
      } catch (fault) {
        now.phase = controller.signal.aborted ? "stopped" : "failed";
        if (now.phase === "failed") now.error = fault instanceof Error ? fault : new Error(String(fault));
        controller.abort();
      } finally {
        clearInterval(ticking);
        show();
        await queries.invalidateQueries({ queryKey: ["versions", versionId] });
      }
      return now.phase === "done";
    },
    [queries, versionId],
  );

  const stop = useCallback(() => running.current?.abort(), []);
  return { state, start, stop };
}

/** The browser asks before a page with a running upload is closed. */
function useWarningBeforeLeaving(active: boolean) {
  useEffect(() => {
    if (!active) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [active]);
}
