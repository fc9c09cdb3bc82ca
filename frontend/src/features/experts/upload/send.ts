/** Sends one part to its presigned address, with the headers that were signed for it, and tells how far it is. */
import type { SignedPart } from "@/api/types";

/** The line broke or the store stumbled: worth another try. Anything else is not. */
export class LineBroke extends Error {
  override readonly name = "LineBroke";
}

export class PartRefused extends Error {
  override readonly name = "PartRefused";
}

export function send(part: SignedPart, body: Blob, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // fetch tells nothing of how far an upload is; this old friend does.
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort, { once: true });
    request.open("PUT", part.url);
    for (const [name, value] of Object.entries(part.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(verdict(request.status, part.number));
    };
    request.onerror = () => reject(new LineBroke(`The connection broke while part ${part.number} was sent.`));
    request.onabort = () => reject(signal.reason instanceof Error ? signal.reason : new DOMException("stopped", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    else request.send(body);
  });
}

const EXPIRED = 403; // presigned addresses live for minutes; a fresh one helps

function verdict(status: number, number: number): Error {
  if (status === EXPIRED || status === 429 || status >= 500) return new LineBroke(`The object store answered ${status} to part ${number}.`);
  return new PartRefused(
    `The object store refused part ${number} (${status}). The file may have changed while it was sent; choose it again.`,
  );
}
