/** Shown while an answer is on its way. */
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";

export function Loading({ what }: { what: string }) {
  return (
    <Stack role="status" gap="sm">
      <VisuallyHidden>Loading {what}</VisuallyHidden>
      <Skeleton height={18} width="40%" />
      <Skeleton height={64} />
      <Skeleton height={64} />
    </Stack>
  );
}
