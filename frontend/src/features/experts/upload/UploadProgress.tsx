/** How far the upload is: bytes, speed, time left; announced to a screen reader in steps of ten per cent. */
import { Button, Group, Progress, Stack, Text, VisuallyHidden } from "@mantine/core";
import { duration } from "@/components/dates";
import { size } from "@/components/sizes";
import type { UploadState } from "@/features/experts/upload/useUpload";

interface UploadProgressProps {
  state: UploadState;
  onStop: () => void;
}

export function UploadProgress({ state, onStop }: UploadProgressProps) {
  const { phase, file, step, total, sent } = state;
  const share = total === 0 ? 0 : Math.min(100, (sent / total) * 100);
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {phase === "done" ? "All files have arrived" : `${step === "hashing" ? "Reading" : "Sending"} ${file}`}
        </Text>
        <Text size="sm" c="dimmed">
          {size(sent)} of {size(total)}
        </Text>
      </Group>
      <Progress value={share} size="lg" aria-label="Upload" animated={phase === "running"} />
      <Group justify="space-between" gap="xs" mih={30}>
        <Text size="sm" c="dimmed">
          {phase === "running" && line(state)}
        </Text>
        {phase === "running" && (
          <Button variant="default" size="xs" onClick={onStop}>
            Stop for now
          </Button>
        )}
      </Group>
      <VisuallyHidden role="status">{phase === "running" && `${Math.floor(share / 10) * 10} per cent sent`}</VisuallyHidden>
    </Stack>
  );
}

function line({ step, total, hashed, sent, rate }: UploadState): string {
  if (step === "hashing") return `Computing SHA-256: ${size(hashed)} of ${size(total)} read`;
  if (!rate) return "Measuring the speed";
  return `${size(rate)} a second, about ${duration((total - sent) / rate)} left`;
}
