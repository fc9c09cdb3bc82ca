/** A digest or a revision, short to read and whole to copy. */
import { Code, Group, Text } from "@mantine/core";
import { CopyButton } from "@/components/CopyButton";

export function Digest({ value, what, short = true }: { value: string; what: string; short?: boolean }) {
  if (!value) {
    return (
      <Text span c="dimmed" size="sm">
        not known yet
      </Text>
    );
  }
  const hex = value.replace(/^sha256:/, "");
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex" miw={0}>
      <Code title={value} style={{ overflowWrap: "anywhere" }}>
        {short && hex.length > 16 ? `${hex.slice(0, 12)}…` : hex}
      </Code>
      <CopyButton text={value} what={what} />
    </Group>
  );
}
