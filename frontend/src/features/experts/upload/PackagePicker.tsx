/** Takes a package: files dropped here, a folder, or files chosen one by one. */
import { Button, Group, Text } from "@mantine/core";
import { useRef, useState, type DragEvent, type RefObject } from "react";
import classes from "@/features/experts/upload/PackagePicker.module.css";

interface PackagePickerProps {
  onChosen: (files: File[]) => void;
}

export function PackagePicker({ onChosen }: PackagePickerProps) {
  const [over, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);

  function take(input: RefObject<HTMLInputElement | null>) {
    const chosen = [...(input.current?.files ?? [])];
    if (input.current) input.current.value = ""; // the same folder may be chosen again
    if (chosen.length > 0) onChosen(chosen);
  }

  async function handleDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    onChosen(await dropped(event.dataTransfer));
  }

  return (
    // Dropping is a second way for the mouse; the buttons inside are the way for everybody.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      aria-label="Choose a package"
      className={classes["drop"]}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void handleDrop(event)}
    >
      <Text>Drop the package here: the folder, or the files in it</Text>
      <Text size="sm" c="dimmed">
        expert.safetensors, router.safetensors, expert.json, data-card.json and model.sig
      </Text>
      <Group gap="sm" justify="center">
        <Button variant="default" onClick={() => folder.current?.click()}>
          Choose a folder
        </Button>
        <Button variant="default" onClick={() => files.current?.click()}>
          Choose files
        </Button>
      </Group>
      <input ref={folder} type="file" hidden aria-hidden tabIndex={-1} webkitdirectory="" onChange={() => take(folder)} />
      <input ref={files} type="file" hidden aria-hidden tabIndex={-1} multiple data-testid="package-files" onChange={() => take(files)} />
    </div>
  );
}

/** The files of a drop; of a dropped folder those that lie directly in it. */
async function dropped(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const folder = entries.find((entry) => entry?.isDirectory) as FileSystemDirectoryEntry | undefined;
  if (!folder) return [...transfer.files];
  const inside = await listed(folder.createReader());
  return Promise.all(inside.filter((entry) => entry.isFile).map((entry) => opened(entry as FileSystemFileEntry)));
}

async function listed(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const found: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    found.push(...batch);
  }
}

function opened(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
