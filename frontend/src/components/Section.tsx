/** A titled part of a page, as a landmark that a screen reader can jump to. */
import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useId, type ReactNode } from "react";

interface SectionProps {
  title: string;
  about?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, about, aside, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" withBorder p={{ base: "md", sm: "lg" }} aria-labelledby={id}>
      <Stack gap="md">
        <Group justify="space-between" align="baseline" gap="xs">
          <Title order={2} id={id}>
            {title}
          </Title>
          {aside}
        </Group>
        {about && (
          <Text c="dimmed" size="sm">
            {about}
          </Text>
        )}
        {children}
      </Stack>
    </Paper>
  );
}
