/** The licence, with what follows from it said while it is chosen. */
import { Autocomplete, SimpleGrid, Textarea, TextInput } from "@mantine/core";
import type { LicenceTerms } from "@/api/types";
import { Section } from "@/components/Section";
import { needsText, REVOCABLE, type Evidence, type Faults } from "@/features/evidence/evidence";
import { LicenceConsequences } from "@/features/evidence/LicenceConsequences";

interface LicenceFieldsProps {
  evidence: Evidence;
  licences: readonly LicenceTerms[];
  faults: Faults;
  onChange: (change: Partial<Evidence>) => void;
}

export function LicenceFields({ evidence, licences, faults, onChange }: LicenceFieldsProps) {
  const chosen = licences.find(({ id }) => id === evidence.licence.trim());
  return (
    <Section
      title="Licence"
      about="Under which terms others may use this expert. What you declare stays as you wrote it; compliance concludes beside it."
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Autocomplete
          label="Licence"
          description="An SPDX expression, such as Apache-2.0 or CC-BY-4.0"
          required
          limit={30}
          data={licences.map(({ id }) => id)}
          renderOption={({ option }) => (
            <span>
              {licences.find(({ id }) => id === option.value)?.name} ({option.value})
            </span>
          )}
          value={evidence.licence}
          error={faults.licence}
          onChange={(licence) => onChange({ licence })}
        />
        <TextInput
          label="Attribution"
          description="How you want to be named"
          value={evidence.attribution}
          error={faults.attribution}
          onChange={(event) => onChange({ attribution: event.currentTarget.value })}
        />
        {(chosen?.revocable !== false || evidence.licenceUntil !== "") && (
          <TextInput
            label="Last day of the licence"
            type="date"
            description="Leave empty for no end; afterwards the version is withdrawn by itself"
            value={evidence.licenceUntil}
            error={faults.licenceUntil}
            onChange={(event) => onChange({ licenceUntil: event.currentTarget.value })}
          />
        )}
      </SimpleGrid>
      <LicenceConsequences
        licence={chosen}
        expression={evidence.licence.trim()}
        revocable={licences.find(({ id }) => id === REVOCABLE)}
        onChoose={(licence) => onChange({ licence })}
      />
      {(needsText(evidence.licence) || evidence.licenceText !== "") && (
        <Textarea
          label="Full text of the licence"
          required={needsText(evidence.licence)}
          autosize
          minRows={4}
          maxRows={14}
          value={evidence.licenceText}
          error={faults.licenceText}
          onChange={(event) => onChange({ licenceText: event.currentTarget.value })}
        />
      )}
    </Section>
  );
}
