/** A click that cannot be taken back asks once more, in place. */
import { Button, Group, Popover, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

interface ConfirmButtonProps {
  words: string;
  about: string;
  question: string;
  loading: boolean;
  onConfirm: () => void;
}

export function ConfirmButton({ words, about, question, loading, onConfirm }: ConfirmButtonProps) {
  const [asking, { toggle, close }] = useDisclosure(false);
  return (
    <Popover opened={asking} onChange={close} position="bottom-end" width={260} trapFocus withRoles shadow="md">
      <Popover.Target>
        <Button variant="default" size="xs" loading={loading} onClick={toggle} aria-label={`${words} ${about}`}>
          {words}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`${words} ${about}?`}>
        <Stack gap="sm">
          <Text size="sm">{question}</Text>
          <Group gap="xs">
            <Button
              size="xs"
              color="crimson"
              onClick={() => {
                close();
                onConfirm();
              }}
            >
              {words}
            </Button>
            <Button size="xs" variant="default" onClick={close}>
              Keep it
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
