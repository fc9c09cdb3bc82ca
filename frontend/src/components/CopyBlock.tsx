/** A few lines to copy into a terminal or a program. */
import { Group, Stack, Text } from "@mantine/core";
import classes from "@/components/CopyBlock.module.css";
import { CopyButton } from "@/components/CopyButton";

export function CopyBlock({ title, text }: { title: string; text: string }) {
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {title}
        </Text>
        <CopyButton text={text} what={title} />
      </Group>
      {/* It scrolls sideways on a small screen, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes["block"]} tabIndex={0} aria-label={title}>
        <code>{text}</code>
      </pre>
    </Stack>
  );
}
