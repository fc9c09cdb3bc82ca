/** Who is here, found by a part of name or address; their roles, given and taken. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState, type SubmitEvent } from "react";
import type { Person } from "@/api/types";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { MoreButton } from "@/components/MoreButton";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { useGrantRole, usePeople, useRevokeRole } from "@/features/accounts/administration";
import { RoleChoice, type RoleWish } from "@/features/accounts/RoleChoice";

export function People() {
  const [words, setWords] = useState("");
  const [sought] = useDebouncedValue(words.trim(), 200);
  const people = usePeople(sought);
  return (
    <Section title="People and roles" about="What somebody may do follows from their roles, and from nothing else.">
      <TextInput
        label="Find by name or address"
        type="search"
        maw="24rem"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <Answered query={people} what="people">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">Nobody is called that.</Text>
          ) : (
            <RowList label="People">
              {found.map((person) => (
                <PersonRow key={person.id} person={person} />
              ))}
            </RowList>
          )
        }
      </Answered>
      <MoreButton query={people} />
    </Section>
  );
}

function PersonRow({ person }: { person: Person }) {
  const [granting, setGranting] = useState(false);
  const revoke = useRevokeRole();
  return (
    <li>
      <Stack gap="xs">
        <Group justify="space-between" gap="sm">
          <Stack gap={2} miw={0}>
            <Text fw={600}>{person.name}</Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {person.email}
            </Text>
          </Stack>
          <Button
            variant="default"
            size="xs"
            aria-expanded={granting}
            aria-label={`Grant a role to ${person.name}`}
            onClick={() => setGranting(!granting)}
          >
            Grant a role
          </Button>
        </Group>
        {person.roles.map(({ organisation, organisation_name, role }) => (
          <Group key={`${organisation} ${role}`} gap="sm">
            <Text size="sm">
              {role} at {organisation_name}
            </Text>
            <ConfirmButton
              words="Revoke"
              about={`${role} at ${organisation_name} of ${person.name}`}
              question="They lose it at once, with all that it allows."
              loading={revoke.isPending}
              onConfirm={() => revoke.mutate({ email: person.email, organisation, role })}
            />
          </Group>
        ))}
        {revoke.error && <RefusalNotice error={revoke.error} />}
        {granting && <GrantRole person={person} onDone={() => setGranting(false)} />}
      </Stack>
    </li>
  );
}

function GrantRole({ person, onDone }: { person: Person; onDone: () => void }) {
  const [wish, setWish] = useState<RoleWish>({ organisation: "", role: "owner" });
  const grant = useGrantRole();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    grant.mutate({ email: person.email, ...wish }, { onSuccess: onDone });
  }

  return (
    <form onSubmit={handleSubmit} aria-label={`A role for ${person.name}`}>
      <Group align="flex-end" gap="sm">
        <RoleChoice wish={wish} onChange={setWish} />
        <Button type="submit" loading={grant.isPending} disabled={!wish.organisation}>
          Grant
        </Button>
      </Group>
      {grant.error && <RefusalNotice error={grant.error} />}
    </form>
  );
}
