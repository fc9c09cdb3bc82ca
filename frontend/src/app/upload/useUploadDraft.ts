/** Names the expert where it is new, then drafts its version. Tried again after a fault, it does not name it twice. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import type { Version } from "@/api/types";
import { draftOf, type Evidence } from "@/features/evidence/evidence";
import { createExpert, draftVersion } from "@/features/experts/api";
import type { Naming } from "@/features/experts/naming";

interface UploadDraft {
  naming: Naming;
  evidence: Evidence;
}

export function useUploadDraft() {
  const queries = useQueryClient();
  const named = useRef<string | null>(null);
  return useMutation({
    mutationFn: async ({ naming, evidence }: UploadDraft): Promise<Version> => {
      const wanted = `${naming.organisation}/${naming.name}`;
      if (!naming.expert && named.current !== wanted) named.current = (await createExpert(newExpert(naming))).full_name;
      return draftVersion(naming.expert || wanted, draftOf(evidence));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["experts"] }),
  });
}

function newExpert({ organisation, name, anchor, title, description, domain }: Naming) {
  return { organisation, name, anchor, title: title.trim(), description: description.trim(), domain: domain.trim() };
}
