/** Chooses the expert that is uploaded: one of the owner's, or a new name beside an anchor. */
import { SimpleGrid, Textarea, TextInput } from "@mantine/core";
import type { Anchor, Expert } from "@/api/types";
import { Choice } from "@/components/Choice";
import { Section } from "@/components/Section";
import type { Naming, NamingFaults } from "@/features/experts/naming";

interface NamingFieldsProps {
  naming: Naming;
  experts: readonly Expert[];
  anchors: readonly Anchor[];
  organisations: readonly { slug: string; name: string }[];
  faults: NamingFaults;
  onChange: (change: Partial<Naming>) => void;
}

const NEW = "a new expert";

export function NamingFields({ naming, experts, anchors, organisations, faults, onChange }: NamingFieldsProps) {
  return (
    <Section title="Expert" about="An expert is a name; each upload is a new version of it. A version never changes.">
      <Choice
        label="Expert"
        data={[
          { value: NEW, label: "A new expert" },
          ...experts.map(({ full_name, title }) => ({ value: full_name, label: `${title} (${full_name})` })),
        ]}
        value={naming.expert || NEW}
        onChange={(value) => onChange({ expert: value === NEW || value === null ? "" : value })}
      />
      {naming.expert === "" && (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Choice
              label="Organisation"
              required
              data={organisations.map(({ slug, name }) => ({ value: slug, label: name }))}
              value={naming.organisation || null}
              error={faults.organisation}
              onChange={(value) => onChange({ organisation: value ?? "" })}
            />
            <Choice
              label="Anchor"
              description="The public model it was trained beside"
              inputWrapperOrder={["label", "input", "description", "error"]}
              required
              data={anchors.map(({ slug, name }) => ({ value: slug, label: name }))}
              value={naming.anchor || null}
              error={faults.anchor}
              onChange={(value) => onChange({ anchor: value ?? "" })}
            />
            <TextInput
              label="Name"
              placeholder="drama"
              required
              value={naming.name}
              error={faults.name}
              onChange={(event) => onChange({ name: event.currentTarget.value })}
            />
            <TextInput
              label="Domain"
              placeholder="drama"
              required
              value={naming.domain}
              error={faults.domain}
              onChange={(event) => onChange({ domain: event.currentTarget.value })}
            />
          </SimpleGrid>
          <TextInput
            label="Title"
            placeholder="Plays in the public domain"
            required
            value={naming.title}
            error={faults.title}
            onChange={(event) => onChange({ title: event.currentTarget.value })}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={naming.description}
            onChange={(event) => onChange({ description: event.currentTarget.value })}
          />
        </>
      )}
    </Section>
  );
}
