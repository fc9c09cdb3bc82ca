/** Asks again after what passes: a line that broke, a service that is being started anew. For minutes, not for ever; and
 * while the browser knows that it is offline, it waits for the line and counts no try. */
import { Refusal } from "@/api/client";
import { LineBroke } from "@/features/experts/upload/send";

const TRIES = 20;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Only for what may be asked twice with the same end. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (fault) {
      if (signal.aborted || !isPassing(fault) || attempt === TRIES) throw fault;
      if (!navigator.onLine) {
        await untilOnline(signal);
        attempt = 0;
      } else {
        await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)), signal);
      }
    }
  }
}

function isPassing(fault: unknown): boolean {
  if (fault instanceof LineBroke) return true;
  return fault instanceof Refusal && (fault.problem.status === 0 || fault.problem.status >= 500);
}

function untilOnline(signal: AbortSignal): Promise<void> {
  return waiting(signal, (done) => {
    window.addEventListener("online", done);
    return () => window.removeEventListener("online", done);
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return waiting(signal, (done) => {
    const timer = setTimeout(done, milliseconds);
    return () => clearTimeout(timer);
  });
}

/** Until what was begun says so, or the owner stops the upload. */
function waiting(signal: AbortSignal, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      end();
      reject(signal.reason instanceof Error ? signal.reason : new DOMException("stopped", "AbortError"));
    };
    const undo = begin(() => {
      end();
      resolve();
    });
    function end() {
      undo();
      signal.removeEventListener("abort", stop);
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}
