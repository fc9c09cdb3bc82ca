/** Names the expert where it is new, drafts its version, and lays the documents beside it.
 *
 * Tried again after a fault, it does not name it twice. A document that is not taken does not undo the draft. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import type { Version } from "@/api/types";
import { addDocument, type ChosenDocument } from "@/features/evidence/documents";
import { draftOf, type Evidence } from "@/features/evidence/evidence";
import { createExpert, draftVersion } from "@/features/experts/api";
import type { Naming } from "@/features/experts/naming";

interface UploadDraft {
  naming: Naming;
  evidence: Evidence;
  documents: readonly ChosenDocument[];
}

interface Drafted {
  version: Version;
  /** Why a document was not taken, a sentence each. */
  notTaken: string[];
}

export function useUploadDraft() {
  const queries = useQueryClient();
  const named = useRef<string | null>(null);
  return useMutation({
    mutationFn: async ({ naming, evidence, documents }: UploadDraft): Promise<Drafted> => {
      const wanted = `${naming.organisation}/${naming.name}`;
      if (!naming.expert && named.current !== wanted) named.current = (await createExpert(newExpert(naming))).full_name;
      const version = await draftVersion(naming.expert || wanted, draftOf(evidence));
      return { version, notTaken: await lay(version.id, documents) };
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["experts"] }),
  });
}

async function lay(versionId: string, documents: readonly ChosenDocument[]): Promise<string[]> {
  const notTaken: string[] = [];
  for (const chosen of documents) {
    try {
      await addDocument(versionId, chosen);
    } catch (fault) {
      notTaken.push(`${chosen.file.name}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
  }
  return notTaken;
}

function newExpert({ organisation, name, anchor, title, description, domain }: Naming) {
  return { organisation, name, anchor, title: title.trim(), description: description.trim(), domain: domain.trim() };
}
