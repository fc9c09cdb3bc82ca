/** Who is signed in, in which roles; the way to tokens and keys, and the way out. */
import { Box, Button, Menu, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Person } from "@/api/types";
import { useSignOut } from "@/features/accounts/api";

interface AccountMenuProps {
  person: Person;
  appearance: ReactNode;
}

export function AccountMenu({ person, appearance }: AccountMenuProps) {
  const signOut = useSignOut();
  const navigate = useNavigate();

  return (
    <Menu position="bottom-end" width={280} withinPortal={false}>
      <Menu.Target>
        <Button variant="default" size="sm" maw="12rem" aria-label={`Account of ${person.name}`}>
          <Text span truncate size="sm">
            {person.name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py={6}>
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
        <Menu.Divider />
        <Menu.Item onClick={() => void navigate({ to: "/account" })}>Tokens and keys</Menu.Item>
        <Menu.Item onClick={() => signOut.mutate()}>Sign out</Menu.Item>
        <Menu.Divider />
        <Box px="sm" py={6}>
          {appearance}
        </Box>
      </Menu.Dropdown>
    </Menu>
  );
}
