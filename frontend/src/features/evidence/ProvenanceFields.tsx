/** Who trained what, on which data, with which code. */
import { SimpleGrid, Textarea, TextInput } from "@mantine/core";
import { Section } from "@/components/Section";
import type { Evidence, Faults } from "@/features/evidence/evidence";

interface ProvenanceFieldsProps {
  evidence: Evidence;
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
}

export function ProvenanceFields({ evidence, faults, onChange }: ProvenanceFieldsProps) {
  return (
    <Section
      title="Provenance"
      about="Who trained what, on which data, with which code. Filled in from the package where it says so."
    >
      <Textarea
        label="The data"
        description="What it is and where it comes from; no sample of it"
        required
        autosize
        minRows={2}
        value={evidence.dataset}
        error={faults.dataset}
        onChange={(event) => onChange({ dataset: event.currentTarget.value })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Trained by"
          required
          value={evidence.trainedBy}
          error={faults.trainedBy}
          onChange={(event) => onChange({ trainedBy: event.currentTarget.value })}
        />
        <TextInput
          label="Code"
          placeholder="flexcore 0.1.0"
          required
          value={evidence.code}
          error={faults.code}
          onChange={(event) => onChange({ code: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Textarea
        label="Notes on this version"
        autosize
        minRows={2}
        value={evidence.notes}
        onChange={(event) => onChange({ notes: event.currentTarget.value })}
      />
    </Section>
  );
}
