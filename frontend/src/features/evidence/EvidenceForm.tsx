/** Licence, consent and provenance: the evidence without which no version is taken. */
import type { ReactNode } from "react";
import type { Vocabulary } from "@/api/types";
import { ConsentFields } from "@/features/evidence/ConsentFields";
import type { Evidence, Faults } from "@/features/evidence/evidence";
import { LicenceFields } from "@/features/evidence/LicenceFields";
import { ProvenanceFields } from "@/features/evidence/ProvenanceFields";

interface EvidenceFormProps {
  evidence: Evidence;
  vocabulary: Vocabulary;
  organisations: string[];
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
  /** The documents that go with it. */
  children?: ReactNode;
}

export function EvidenceForm({ evidence, vocabulary, organisations, faults, onChange, children }: EvidenceFormProps) {
  const fields = { evidence, faults, onChange };
  return (
    <>
      <LicenceFields {...fields} licences={vocabulary.licences} />
      <ConsentFields
        {...fields}
        purposes={vocabulary.purposes}
        legalBases={vocabulary.legal_bases}
        dataCategories={vocabulary.data_categories}
        organisations={organisations}
      >
        {children}
      </ConsentFields>
      <ProvenanceFields {...fields} />
    </>
  );
}
