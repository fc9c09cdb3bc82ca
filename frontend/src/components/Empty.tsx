/** An empty list: says why it is empty and what fills it. */
import { Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface EmptyProps {
  title: string;
  children?: ReactNode;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <Paper withBorder p="xl" ta="center">
      <Stack gap="sm" align="center">
        <Text fw={600}>{title}</Text>
        {typeof children === "string" ? (
          <Text c="dimmed" size="sm" maw="36rem">
            {children}
          </Text>
        ) : (
          children
        )}
      </Stack>
    </Paper>
  );
}
