/** The consent record: ground, purposes, recipients, places, dates, and the way out of it. */
import { Checkbox, Select, SimpleGrid, TagsInput, TextInput } from "@mantine/core";
import type { Vocabulary } from "@/api/types";
import { Section } from "@/components/Section";
import type { Evidence, Faults } from "@/features/evidence/evidence";

interface ConsentFieldsProps {
  evidence: Evidence;
  purposes: Vocabulary["purposes"];
  legalBases: Vocabulary["legal_bases"];
  organisations: string[];
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
}

export function ConsentFields({ evidence, purposes, legalBases, organisations, faults, onChange }: ConsentFieldsProps) {
  return (
    <Section
      title="Consent"
      about="What the people behind the data have agreed to. It is asked again at every build and every download."
    >
      <Select
        label="Legal ground"
        required
        data={legalBases.map(({ id, name }) => ({ value: id, label: name }))}
        value={evidence.legalBasis || null}
        error={faults.legalBasis}
        onChange={(legalBasis) => onChange({ legalBasis: legalBasis ?? "" })}
      />
      <Checkbox.Group
        label="Purposes"
        description="What models with this expert may be used for"
        required
        value={evidence.purposes}
        error={faults.purposes}
        onChange={(chosen) => onChange({ purposes: chosen })}
      >
        <SimpleGrid cols={{ base: 1, sm: 2 }} mt="xs" mb={4} spacing="sm">
          {purposes.map(({ id, name, description }) => (
            <Checkbox key={id} value={id} label={name} description={description} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TagsInput
          label="Recipients"
          description="Organisations that may use it; leave empty for any"
          data={organisations}
          value={evidence.recipients}
          onChange={(recipients) => onChange({ recipients })}
        />
        <TagsInput
          label="Places"
          description="Country codes such as DE or US-CA; leave empty for anywhere"
          value={evidence.jurisdictions}
          onChange={(jurisdictions) => onChange({ jurisdictions })}
        />
        <TextInput
          label="Valid from"
          type="date"
          description="Leave empty for now"
          value={evidence.validFrom}
          onChange={(event) => onChange({ validFrom: event.currentTarget.value })}
        />
        <TextInput
          label="Valid until"
          type="date"
          description="Leave empty for no end"
          value={evidence.validUntil}
          error={faults.validUntil}
          onChange={(event) => onChange({ validUntil: event.currentTarget.value })}
        />
      </SimpleGrid>
      <TextInput
        label="How people can withdraw their consent"
        required
        placeholder="By mail to privacy@example.org"
        value={evidence.withdrawalMethod}
        error={faults.withdrawalMethod}
        onChange={(event) => onChange({ withdrawalMethod: event.currentTarget.value })}
      />
    </Section>
  );
}
