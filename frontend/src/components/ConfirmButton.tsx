/** A click that cannot be taken back asks once more, in place. */
import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { KeyboardEvent } from "react";

interface ConfirmButtonProps {
  words: string;
  about: string;
  question: string;
  loading: boolean;
  onConfirm: () => void;
}

export function ConfirmButton({ words, about, question, loading, onConfirm }: ConfirmButtonProps) {
  const [asking, { open, close }] = useDisclosure(false);

  function handleKey(event: KeyboardEvent) {
    if (event.key === "Escape") close();
  }

  if (!asking) {
    return (
      <Button variant="default" size="xs" loading={loading} onClick={open} aria-label={`${words} ${about}`}>
        {words}
      </Button>
    );
  }
  return (
    <Group gap="xs" role="group" aria-label={`${words} ${about}?`} onKeyDown={handleKey}>
      <Text size="sm">{question}</Text>
      <Button
        size="xs"
        color="crimson"
        ref={takeFocus}
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
  );
}

/** The button that was pressed is gone; the keyboard goes on with what took its place. */
function takeFocus(button: HTMLButtonElement | null) {
  button?.focus();
}
