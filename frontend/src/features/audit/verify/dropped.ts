/** The files of a drop or a choice, by their path below the folder that was given. */
import type { Files } from "@/features/audit/verify/model";
import { NotVerified } from "@/features/audit/verify/strict";

const MOST = 2000;

export function chosenFiles(files: readonly File[]): Files {
  // Of a chosen folder, the browser names each file with the folder in front.
  return new Map(files.map((file) => [file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file]));
}

export async function droppedFiles(transfer: DataTransfer): Promise<Files> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const plain = chosenFiles([...transfer.files]);
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  const found = new Map<string, Blob>();
  const waiting: { entry: FileSystemEntry; path: string }[] = [];
  for (const entry of entries) {
    if (entry.isDirectory) for (const inner of await listed(entry as FileSystemDirectoryEntry)) waiting.push({ entry: inner, path: inner.name });
    else waiting.push({ entry, path: entry.name });
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { entry, path } = next;
    if (found.size + waiting.length > MOST) throw new NotVerified(`There are more than ${MOST} files in that folder; give a model's own.`);
    if (entry.isFile) found.set(path, await opened(entry as FileSystemFileEntry));
    else for (const inner of await listed(entry as FileSystemDirectoryEntry)) waiting.push({ entry: inner, path: `${path}/${inner.name}` });
  }
  return found;
}

async function listed(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    found.push(...batch);
    if (found.length > MOST) throw new NotVerified(`There are more than ${MOST} files in that folder; give a model's own.`);
  }
}

function opened(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, () => reject(new NotVerified("A file that was dropped cannot be read.")));
  });
}
