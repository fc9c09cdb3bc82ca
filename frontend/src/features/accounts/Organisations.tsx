/** The organisations there are, and a new one. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { Answered } from "@/components/Answered";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { useCreateOrganisation, useOrganisations } from "@/features/accounts/administration";

export function Organisations() {
  return (
    <Section title="Organisations" about="The short name stands in every address and never changes.">
      <CreateOrganisation />
      <Answered query={useOrganisations()} what="organisations">
        {(found) => (
          <RowList label="Organisations">
            {found.map((organisation) => (
              <li key={organisation.id}>
                <Text fw={600}>{organisation.name}</Text>
                <Text size="sm" c="dimmed">
                  {[organisation.slug, organisation.jurisdiction].filter(Boolean).join(" · ")}
                </Text>
              </li>
            ))}
          </RowList>
        )}
      </Answered>
    </Section>
  );
}

const BLANK = { slug: "", name: "", jurisdiction: "" };

function CreateOrganisation() {
  const [wish, setWish] = useState(BLANK);
  const create = useCreateOrganisation();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    create.mutate(wish, { onSuccess: () => setWish(BLANK) });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Create an organisation">
      <Stack>
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            required
            maxLength={120}
            value={wish.name}
            onChange={(event) => setWish({ ...wish, name: event.currentTarget.value })}
          />
          <TextInput
            label="Short name"
            placeholder="city-library"
            required
            maxLength={40}
            value={wish.slug}
            onChange={(event) => setWish({ ...wish, slug: event.currentTarget.value })}
          />
          <TextInput
            label="Jurisdiction"
            placeholder="DE"
            maxLength={8}
            w="8rem"
            value={wish.jurisdiction}
            onChange={(event) => setWish({ ...wish, jurisdiction: event.currentTarget.value })}
          />
          <Button type="submit" loading={create.isPending} disabled={!wish.name.trim() || !wish.slug.trim()}>
            Create
          </Button>
        </Group>
        {create.error && <RefusalNotice error={create.error} />}
      </Stack>
    </form>
  );
}
