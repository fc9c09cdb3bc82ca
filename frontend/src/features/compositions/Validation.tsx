/** How the build was tried before it was published: how well it predicts, and how the work spreads over its experts. */
import { Group, Progress, Stack, Text } from "@mantine/core";
import type { Composition } from "@/api/types";
import { Facts } from "@/components/Facts";
import { bitsPerByte, compared, shares } from "@/features/compositions/validation";

export function Validation({ composition }: { composition: Composition }) {
  const { validation, inclusions } = composition;
  const measured = bitsPerByte(validation);
  const names = new Map(inclusions.map(({ slot, expert }) => [slot, expert]));
  return (
    <Stack gap="md">
      {measured && (
        <Facts
          facts={[
            ["Bits per byte", `${measured.model.toFixed(3)}, ${compared(measured)}`],
            ["The anchor alone", measured.anchor.toFixed(3)],
          ]}
        />
      )}
      <Stack gap="xs">
        {shares(validation).map((share, slot) => {
          const name = names.get(slot) ?? "the public expert";
          return (
            <Stack key={name} gap={2}>
              <Group justify="space-between" gap="xs">
                <Text size="sm">{name}</Text>
                <Text size="sm" c="dimmed">
                  {(share * 100).toFixed(0)} % of the work
                </Text>
              </Group>
              <Progress value={share * 100} aria-label={`Share of ${name}`} />
            </Stack>
          );
        })}
      </Stack>
    </Stack>
  );
}
