/** The reversible way: a version is denied until its owner resumes it. */
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { RefusalNotice } from "@/components/RefusalNotice";
import { usePauseVersion, useResumeVersion } from "@/features/withdrawals/api";
import { ReasonDialog } from "@/features/withdrawals/ReasonDialog";

export function PauseButton({ id, name }: { id: string; name: string }) {
  const [asking, { open, close }] = useDisclosure(false);
  const pause = usePauseVersion(id);
  return (
    <>
      <Button variant="default" onClick={open}>
        Pause
      </Button>
      <ReasonDialog
        title={`Pause ${name}`}
        says="Nobody can load or build with it until you resume it. Nothing is blocked for good, and nothing is destroyed."
        words="Pause it"
        opened={asking}
        act={pause}
        onClose={close}
      />
    </>
  );
}

export function ResumeButton({ id }: { id: string }) {
  const resume = useResumeVersion(id);
  return (
    <>
      <Button loading={resume.isPending} onClick={() => resume.mutate()}>
        Resume
      </Button>
      {resume.error && <RefusalNotice error={resume.error} />}
    </>
  );
}
