/** Licence, consent and provenance: the evidence without which no version is taken. */
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
}

export function EvidenceForm({ evidence, vocabulary, organisations, faults, onChange }: EvidenceFormProps) {
  const fields = { evidence, faults, onChange };
  return (
    <>
      <LicenceFields {...fields} licences={vocabulary.licences} />
      <ConsentFields
        {...fields}
        purposes={vocabulary.purposes}
        legalBases={vocabulary.legal_bases}
        organisations={organisations}
      />
      <ProvenanceFields {...fields} />
    </>
  );
}
