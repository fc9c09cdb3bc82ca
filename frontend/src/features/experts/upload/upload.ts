/** Brings one file into the registry's object store: hash, announce, send what is missing, complete.
 *
 * Announcing the same file again answers the same upload, so after a break only the parts that are missing go up. */
import { answer, client } from "@/api/client";
import type { UploadedFile } from "@/api/types";
import { digestOf, partDigest } from "@/features/experts/upload/digest";
import { patiently } from "@/features/experts/upload/patience";
import { bytesOf, partsOf, stillToGo, type Part } from "@/features/experts/upload/plan";
import { LineBroke, send } from "@/features/experts/upload/send";

const AT_ONCE = 4;

export interface Progress {
  step: (step: "hashing" | "sending") => void;
  hashed: (bytes: number) => void;
  sent: (bytes: number) => void; // may be negative: a part that broke off counts as not sent
}

export async function bringFile(versionId: string, file: File, progress: Progress, signal: AbortSignal): Promise<void> {
  progress.step("hashing");
  const sha256 = await digestOf(file, progress.hashed, signal);
  progress.step("sending");
  const announced = await patiently(() => announce(versionId, file, sha256, signal), signal);
  if (announced.completed_at) {
    progress.sent(file.size);
    return;
  }
  await sendMissing(announced, file, progress, signal);
  const address = { path: { file_id: announced.id } };
  await patiently(() => answer(client.POST("/api/v1/files/{file_id}/complete", { params: address, signal })), signal);
}

function announce(versionId: string, file: File, sha256: string, signal: AbortSignal): Promise<UploadedFile> {
  const params = { path: { version_id: versionId } };
  const body = { path: file.name, size: file.size, sha256 };
  return answer(client.POST("/api/v1/versions/{version_id}/files", { params, body, signal }));
}

async function sendMissing(announced: UploadedFile, file: File, progress: Progress, signal: AbortSignal): Promise<void> {
  const address = { path: { file_id: announced.id } };
  const { parts: arrived } = await patiently(
    () => answer(client.GET("/api/v1/files/{file_id}", { params: address, signal })),
    signal,
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
  await patiently(async () => {
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
    } catch (fault) {
      progress.sent(-counted);
      throw fault;
    }
  }, signal);
}
