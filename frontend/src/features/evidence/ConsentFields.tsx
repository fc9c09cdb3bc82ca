/** The consent record: ground, purposes, recipients, places, dates, the way out of it; and whose data it is. */
import { Checkbox, SimpleGrid, TagsInput, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Vocabulary } from "@/api/types";
import { Choice } from "@/components/Choice";
import { Section } from "@/components/Section";
import { isPersonal, type Evidence, type Faults } from "@/features/evidence/evidence";
import { PersonalDataFields } from "@/features/evidence/PersonalDataFields";

interface ConsentFieldsProps {
  evidence: Evidence;
  purposes: Vocabulary["purposes"];
  legalBases: Vocabulary["legal_bases"];
  dataCategories: Vocabulary["data_categories"];
  organisations: string[];
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
  /** The documents that show it. */
  children?: ReactNode;
}

export function ConsentFields(props: ConsentFieldsProps) {
  const { evidence, purposes, legalBases, dataCategories, organisations, faults, onChange, children } = props;
  return (
    <Section
      title="Consent"
      about="What the people behind the data have agreed to. It is asked again at every build and every download."
    >
      <Choice
        label="Legal ground"
        required
        data={legalBases.map(({ id, name }) => ({ value: id, label: name }))}
        value={evidence.legalBasis || null}
        error={faults.legalBasis}
        onChange={(legalBasis) => onChange({ legalBasis: legalBasis ?? "" })}
      />
      <Checkbox.Group
        label="Purposes"
        description="What models with this expert may be used for; nothing else is ever allowed"
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
          error={faults.recipients}
          onChange={(recipients) => onChange({ recipients })}
        />
        <TagsInput
          label="Places"
          description="Country codes such as DE or US-CA; leave empty for anywhere"
          value={evidence.jurisdictions}
          error={faults.jurisdictions}
          onChange={(jurisdictions) => onChange({ jurisdictions })}
        />
        <TextInput
          label="Valid from"
          type="date"
          description="Leave empty for now"
          value={evidence.validFrom}
          error={faults.validFrom}
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
      {isPersonal(evidence) && (
        <PersonalDataFields evidence={evidence} categories={dataCategories} faults={faults} onChange={onChange} />
      )}
      <TextInput
        label={isPersonal(evidence) ? "How people can withdraw their consent" : "How the right to use it can be withdrawn"}
        required
        placeholder="By mail to privacy@example.org"
        value={evidence.withdrawalMethod}
        error={faults.withdrawalMethod}
        onChange={(event) => onChange({ withdrawalMethod: event.currentTarget.value })}
      />
      {children}
    </Section>
  );
}
