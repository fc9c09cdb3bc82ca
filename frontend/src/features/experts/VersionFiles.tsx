/** The files of a version: how large, which bytes, and that they lie in the registry's object store. */
import { Text } from "@mantine/core";
import type { UploadedFile } from "@/api/types";
import { Digest } from "@/components/Digest";
import { size } from "@/components/sizes";
import { When } from "@/components/When";
import { WideTable } from "@/components/WideTable";

export function VersionFiles({ files }: { files: readonly UploadedFile[] }) {
  if (files.length === 0) return <Text c="dimmed">No file has been brought yet.</Text>;
  return (
    <WideTable label="Files" width={520} columns={["File", "Size", "SHA-256", "In the object store"]}>
      {files.map((file) => (
        <tr key={file.id}>
          <td>{file.path}</td>
          <td>{size(file.size)}</td>
          <td>
            <Digest value={file.sha256} what={`SHA-256 of ${file.path}`} />
          </td>
          <td>{file.completed_at ? <When at={file.completed_at} /> : "on its way"}</td>
        </tr>
      ))}
    </WideTable>
  );
}
