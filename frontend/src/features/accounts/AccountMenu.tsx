/** Who is signed in, in which roles; the way to tokens and keys, and the way out. */
import { Box, Button, Divider, Popover, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { Person } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import { useSignOut } from "@/features/accounts/api";

interface AccountMenuProps {
  person: Person;
  appearance: ReactNode;
}

export function AccountMenu({ person, appearance }: AccountMenuProps) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const signOut = useSignOut();

  return (
    <Popover opened={opened} onChange={close} position="bottom-end" width={280} withinPortal={false} trapFocus shadow="md">
      <Popover.Target>
        <Button variant="default" size="sm" maw={{ base: "7rem", xs: "12rem" }} onClick={toggle} aria-label={`Account of ${person.name}`}>
          <Text span truncate size="sm">
            {person.name}
          </Text>
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Account of ${person.name}`}>
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
          <PageLink to="/account" size="sm" onClick={close}>
            Your account
          </PageLink>
          {appearance}
          <Button variant="default" size="sm" loading={signOut.isPending} onClick={() => signOut.mutate()}>
            Sign out
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
