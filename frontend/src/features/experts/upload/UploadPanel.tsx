/** The last step: sends the files of a drafted version, then submits it, then shows how it is verified. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Version } from "@/api/types";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useSubmitVersion } from "@/features/experts/api";
import { PackagePicker } from "@/features/experts/upload/PackagePicker";
import { PackageSummary } from "@/features/experts/upload/PackageSummary";
import { UploadProgress } from "@/features/experts/upload/UploadProgress";
import { usePackage } from "@/features/experts/upload/usePackage";
import { useUpload } from "@/features/experts/upload/useUpload";

interface UploadPanelProps {
  version: Version;
  /** Already chosen in an earlier step; after a reload the owner chooses it again. */
  files?: readonly File[];
}

export function UploadPanel({ version, files }: UploadPanelProps) {
  const [chosen, setChosen] = useState(files ?? []);
  const { found, fault, choose } = usePackage(null);
  const { state, start, stop } = useUpload(version.id);
  const submit = useSubmitVersion(version.id);
  const busy = state.phase === "running" || submit.isPending;

  const allHere = version.may.submit && version.files.length > 0 && version.files.every((file) => file.completed_at);

  async function bring() {
    if (await start(chosen)) submit.mutate();
  }

  return (
    <Stack>
      {files === undefined && !busy && state.phase !== "done" && (
        <PackagePicker onChosen={(picked) => void choose(picked).then((read) => setChosen(read?.files ?? []))} />
      )}
      {fault && <Notice tone="bad" role="alert" title="This is not a package that can be sent">{fault}</Notice>}
      {found && state.phase === "idle" && <PackageSummary found={found} />}
      {state.phase !== "idle" && <UploadProgress state={state} onStop={stop} />}
      {state.phase === "stopped" && (
        <Text size="sm">Stopped. What has arrived stays; going on sends only the rest. You can also come back later.</Text>
      )}
      {state.error && <RefusalNotice error={state.error} />}
      {submit.error && <RefusalNotice error={submit.error} onRetry={() => submit.mutate()} />}
      <Group>
        {chosen.length > 0 && !busy && state.phase !== "done" && (
          <Button onClick={() => void bring()}>
            {state.phase === "idle" ? "Upload and submit" : "Go on"}
          </Button>
        )}
        {chosen.length === 0 && allHere && (
          <Button onClick={() => submit.mutate()} loading={submit.isPending}>
            Submit what has arrived
          </Button>
        )}
      </Group>
    </Stack>
  );
}
