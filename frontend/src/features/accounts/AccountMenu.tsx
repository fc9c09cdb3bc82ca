/** Who is signed in, in which roles; the way to tokens and keys, and the way out. */
import { Box, Button, Divider, Paper, Stack, Text } from "@mantine/core";
import { useClickOutside, useDisclosure } from "@mantine/hooks";
import { type FocusEvent, type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import type { Person } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import classes from "@/features/accounts/AccountMenu.module.css";
import { useSignOut } from "@/features/accounts/api";

interface AccountMenuProps {
  person: Person;
  appearance: ReactNode;
}

export function AccountMenu({ person, appearance }: AccountMenuProps) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const around = useClickOutside(close);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useId();
  const name = `Account of ${person.name}`;

  function handleKey(event: KeyboardEvent) {
    if (event.key !== "Escape" || !opened) return;
    close();
    button.current?.focus();
  }

  function handleBlur(event: FocusEvent) {
    if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) close();
  }

  return (
    <Box pos="relative" ref={around} onKeyDown={handleKey} onBlur={handleBlur}>
      <Button
        ref={button}
        variant="default"
        size="sm"
        maw={{ base: "7rem", xs: "12rem" }}
        onClick={toggle}
        aria-label={name}
        aria-expanded={opened}
        aria-controls={panel}
      >
        <Text span truncate size="sm">
          {person.name}
        </Text>
      </Button>
      {opened && (
        <Paper id={panel} role="group" aria-label={name} className={classes["panel"]} withBorder shadow="md" p="md">
          <Panel person={person} appearance={appearance} onGone={close} />
        </Paper>
      )}
    </Box>
  );
}

function Panel({ person, appearance, onGone }: AccountMenuProps & { onGone: () => void }) {
  const signOut = useSignOut();
  return (
    <Stack gap="sm">
      <Box>
        <Text size="sm" fw={600}>
          {person.name}
        </Text>
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {person.email}
        </Text>
        {person.roles.map(({ organisation, organisation_name, role }) => (
          <Text key={`${organisation} ${role}`} size="sm">
            {role} at {organisation_name}
          </Text>
        ))}
      </Box>
      <Divider />
      <PageLink to="/account" size="sm" onClick={onGone}>
        Your account
      </PageLink>
      {appearance}
      <Button variant="default" size="sm" loading={signOut.isPending} onClick={() => signOut.mutate()}>
        Sign out
      </Button>
    </Stack>
  );
}
