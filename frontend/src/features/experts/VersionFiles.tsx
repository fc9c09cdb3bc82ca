/** The files of a version: how large, which bytes, and that they lie in the registry's object store. */
import { Table, Text } from "@mantine/core";
import type { UploadedFile } from "@/api/types";
import { Digest } from "@/components/Digest";
import { size } from "@/components/sizes";
import { When } from "@/components/When";

export function VersionFiles({ files }: { files: readonly UploadedFile[] }) {
  if (files.length === 0) return <Text c="dimmed">No file has been brought yet.</Text>;
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">File</Table.Th>
            <Table.Th scope="col">Size</Table.Th>
            <Table.Th scope="col">SHA-256</Table.Th>
            <Table.Th scope="col">In the object store</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {files.map((file) => (
            <Table.Tr key={file.id}>
              <Table.Td>{file.path}</Table.Td>
              <Table.Td>{size(file.size)}</Table.Td>
              <Table.Td>
                <Digest value={file.sha256} what={`SHA-256 of ${file.path}`} />
              </Table.Td>
              <Table.Td>{file.completed_at ? <When at={file.completed_at} /> : "on its way"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
