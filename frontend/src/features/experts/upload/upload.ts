/** Brings one file into the registry's object store: hash, announce, send what is missing, complete.
 *
 * Announcing the same file again answers the same upload, so after a break only the parts that are missing go up. */
import { answer, client, Refusal } from "@/api/client";
import type { UploadedFile } from "@/api/types";
import { digestOf, partDigest } from "@/features/experts/upload/digest";
import { bytesOf, partsOf, stillToGo, type Part } from "@/features/experts/upload/plan";
import { LineBroke, send } from "@/features/experts/upload/send";

const AT_ONCE = 4;
const TRIES = 6;
const FIRST_WAIT_MS = 500;

export interface Progress {
  step: (step: "hashing" | "sending") => void;
  hashed: (bytes: number) => void;
  sent: (bytes: number) => void; // may be negative: a part that broke off counts as not sent
}

export async function bringFile(versionId: string, file: File, progress: Progress, signal: AbortSignal): Promise<void> {
  progress.step("hashing");
  const sha256 = await digestOf(file, progress.hashed, signal);
  progress.step("sending");
  const announced = await answer(
    client.POST("/api/v1/versions/{version_id}/files", {
      params: { path: { version_id: versionId } },
      body: { path: file.name, size: file.size, sha256 },
      signal,
    }),
  );
  if (announced.completed_at) {
    progress.sent(file.size);
    return;
  }
  await sendMissing(announced, file, progress, signal);
  await answer(
    client.POST("/api/v1/files/{file_id}/complete", { params: { path: { file_id: announced.id } }, signal }),
  );
}

async function sendMissing(announced: UploadedFile, file: File, progress: Progress, signal: AbortSignal): Promise<void> {
  const { parts: arrived } = await answer(
    client.GET("/api/v1/files/{file_id}", { params: { path: { file_id: announced.id } }, signal }),
  );
  const parts = partsOf(file.size, announced.part_size);
  const queue = stillToGo(parts, arrived);
  progress.sent(bytesOf(parts) - bytesOf(queue));
  const workers = Array.from({ length: Math.min(AT_ONCE, queue.length) }, async () => {
    for (let part = queue.shift(); part; part = queue.shift()) await sendPart(announced.id, file, part, progress, signal);
  });
  await Promise.all(workers);
}

async function sendPart(fileId: string, file: File, part: Part, progress: Progress, signal: AbortSignal): Promise<void> {
  // The slice is sent, not the bytes that were hashed: the browser reads it from disk by itself and the page stays free.
  // A file that changes meanwhile is caught by the store, which checks the digest.
  const piece = file.slice(part.begin, part.end);
  const sha256 = await partDigest(await piece.arrayBuffer());
  for (let attempt = 1; ; attempt += 1) {
    let counted = 0;
    try {
      const { parts } = await answer(
        client.POST("/api/v1/files/{file_id}/parts", {
          params: { path: { file_id: fileId } },
          body: { parts: [{ number: part.number, sha256 }] },
          signal,
        }),
      );
      const signed = parts[0];
      if (!signed) throw new LineBroke(`Part ${part.number} got no address.`);
      await send(
        signed,
        piece,
        (sent) => {
          progress.sent(sent - counted);
          counted = sent;
        },
        signal,
      );
      progress.sent(piece.size - counted);
      return;
    } catch (fault) {
      progress.sent(-counted);
      if (!isPassing(fault) || attempt === TRIES) throw fault;
      await pause(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
    }
  }
}

function isPassing(fault: unknown): boolean {
  if (fault instanceof LineBroke) return true;
  return fault instanceof Refusal && (fault.problem.status === 0 || fault.problem.status >= 500);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason instanceof Error ? signal.reason : new DOMException("stopped", "AbortError"));
      },
      { once: true },
    );
  });
}
