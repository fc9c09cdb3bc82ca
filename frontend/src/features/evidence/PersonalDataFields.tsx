/** What a record about personal data has to say besides (ISO/IEC TS 27560), in the words of those who know it. */
import { Checkbox, Group, SimpleGrid, TagsInput, Text, TextInput } from "@mantine/core";
import type { Vocabulary } from "@/api/types";
import { Choice } from "@/components/Choice";
import { Notice } from "@/components/Notice";
import { gaps, WANTED, type Evidence, type Faults, type KeptUnit } from "@/features/evidence/evidence";

const UNITS: { value: KeptUnit; label: string }[] = [
  { value: "Y", label: "years" },
  { value: "M", label: "months" },
  { value: "D", label: "days" },
];

interface PersonalDataFieldsProps {
  evidence: Evidence;
  categories: Vocabulary["data_categories"];
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
}

export function PersonalDataFields({ evidence, categories, faults, onChange }: PersonalDataFieldsProps) {
  const open = gaps(evidence);
  return (
    <>
      <Checkbox.Group
        label="Kinds of personal data"
        description="What the texts say about people, also where names were replaced"
        value={evidence.dataCategories}
        error={faults.dataCategories}
        onChange={(dataCategories) => onChange({ dataCategories })}
      >
        <SimpleGrid cols={{ base: 1, sm: 2 }} mt="xs" mb={4} spacing="sm">
          {categories.map(({ id, name }) => (
            <Checkbox key={id} value={id} label={name} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Notice"
          description="Where people could read what they agreed to: a link, or the name of a document"
          placeholder="https://example.org/consent-2026"
          maxLength={300}
          value={evidence.notice}
          error={faults.notice}
          onChange={(event) => onChange({ notice: event.currentTarget.value })}
        />
        <TextInput
          label="Language of the notice"
          description="As a code, such as en, de or fr-CA"
          maxLength={35}
          value={evidence.language}
          error={faults.language}
          onChange={(event) => onChange({ language: event.currentTarget.value })}
        />
        <TagsInput
          label="Stored in"
          description="Where the data itself lies; country codes such as DE or US-CA"
          value={evidence.storageLocations}
          error={faults.storageLocations}
          onChange={(storageLocations) => onChange({ storageLocations })}
        />
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            label="Kept for"
            description="How long you keep the data"
            inputMode="numeric"
            placeholder="5"
            flex={1}
            value={evidence.keptFor}
            error={faults.keptFor}
            onChange={(event) => onChange({ keptFor: event.currentTarget.value })}
          />
          <Choice
            aria-label="Kept for: years, months or days"
            data={UNITS}
            w={110}
            value={evidence.keptUnit}
            onChange={(unit) => onChange({ keptUnit: UNITS.find(({ value }) => value === unit)?.value ?? "Y" })}
          />
        </Group>
        <TagsInput
          label="Responsible for the data"
          description="The controllers by name; leave empty for your organisation alone"
          value={evidence.controllers}
          error={faults.controllers}
          onChange={(controllers) => onChange({ controllers })}
        />
      </SimpleGrid>
      {open.length > 0 && (
        <Notice tone="info" title="A reviewer will ask for the rest">
          <Text size="sm">{`Still to be said: ${open.map((name) => WANTED[name]).join("; ")}. You can hand it in without.`}</Text>
        </Notice>
      )}
    </>
  );
}
