/** A coloured note. Its colour never says anything that its words do not. */
import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "@/components/Notice.module.css";

interface NoticeProps {
  tone: "info" | "good" | "warning" | "bad";
  title?: string;
  role?: "alert" | "status" | "note";
  children?: ReactNode;
}

export function Notice({ tone, title, role, children }: NoticeProps) {
  return (
    <div className={classes["notice"]} data-tone={tone} role={role}>
      <Stack gap={6}>
        {title && <Text fw={600}>{title}</Text>}
        {typeof children === "string" ? <Text size="sm">{children}</Text> : children}
      </Stack>
    </div>
  );
}
