/** The documents beside a version: asking for them, laying one there, taking one off a draft. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, client, done } from "@/api/client";
import type { EvidenceFile, EvidenceKind } from "@/api/types";

/** A document that was chosen before there is a version to lay it beside. */
export interface ChosenDocument {
  kind: EvidenceKind;
  file: File;
}

const MAX_BYTES = 20 * 2 ** 20;

/** Why a file cannot be sent, said before it is; the service looks into it afterwards. */
export function tooLarge(file: File): string | null {
  return file.size > MAX_BYTES ? `${file.name} has more than 20 MiB; send a smaller one, or parts of it.` : null;
}

export function useDocuments(versionId: string, enabled = true) {
  return useQuery({
    queryKey: ["documents", versionId],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/evidence", { params: { path: { version_id: versionId } } })),
    enabled,
  });
}

export function addDocument(versionId: string, { kind, file }: ChosenDocument): Promise<EvidenceFile> {
  return answer(
    client.POST("/api/v1/versions/{version_id}/evidence", {
      params: { path: { version_id: versionId }, query: { kind, name: file.name } },
      headers: { "Content-Type": "application/octet-stream" },
      // The bytes go as they are; what the document calls a string of binary is a file here.
      body: file as unknown as string,
      bodySerializer: (body) => body,
    }),
  );
}

export function useAddDocument(versionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (chosen: ChosenDocument) => addDocument(versionId, chosen),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["documents", versionId] }),
        queries.invalidateQueries({ queryKey: ["versions", versionId] }),
      ]),
  });
}

export function useRemoveDocument(versionId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => done(client.DELETE("/api/v1/evidence/{file_id}", { params: { path: { file_id: id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["documents", versionId] }),
  });
}

const TYPES: Readonly<Record<string, string>> = {
  "application/pdf": "PDF",
  "image/png": "PNG image",
  "image/jpeg": "JPEG image",
  "text/plain": "text",
};

export function typeName(mediaType: string): string {
  return TYPES[mediaType] ?? mediaType;
}
