/** Files dropped here or chosen: a model's proof with what lies beside it, or a certificate; checked, and sent nowhere. */
import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useRef, useState, type DragEvent, type RefObject } from "react";
import { Loading } from "@/components/Loading";
import { checkCertificate } from "@/features/audit/verify/certificate";
import { chosenFiles, droppedFiles } from "@/features/audit/verify/dropped";
import { reported, type Report } from "@/features/audit/verify/findings";
import { checkModel, LEAF, PROOF, type Files } from "@/features/audit/verify/model";
import { NotVerified, read } from "@/features/audit/verify/strict";
import { source, trusting } from "@/features/audit/verify/useLogCheck";
import classes from "@/features/audit/verify/Verify.module.css";
import { ReportSheet } from "@/features/audit/verify/ReportSheet";

const MAX_CERTIFICATE = 16 * 2 ** 20;

type What = "model" | "certificate";

export function VerifyModel({ vkey }: { vkey: string }) {
  const { report, reading, run } = useReport();
  function take(files: Promise<Files>) {
    void run(async (onRead) => checkModel(await files, trusting(vkey), source, onRead));
  }
  return (
    <Stack gap="md">
      <Drop label="Choose a model's proof" hint={`${PROOF} with ${LEAF}, or the model's whole folder`} folder onFiles={take} testId="model-files" />
      <Outcome what="model" reading={reading} report={report} />
    </Stack>
  );
}

export function VerifyCertificate({ vkey }: { vkey: string }) {
  const [text, setText] = useState("");
  const { report, reading, run } = useReport();
  function check(data: () => Promise<Blob>) {
    void run(async () => checkCertificate(await read(await data(), "The file", MAX_CERTIFICATE), trusting(vkey), source));
  }
  async function only(files: Promise<Files>): Promise<Blob> {
    const [first, ...more] = [...(await files).values()];
    if (!first || more.length > 0) throw new NotVerified("Give one certificate at a time.");
    return first;
  }
  return (
    <Stack gap="md">
      <Drop label="Choose a certificate" hint="certificate.json, or a consent's receipt" onFiles={(files) => check(() => only(files))} testId="certificate-file" />
      <Textarea label="Or paste it here" autosize minRows={2} maxRows={8} value={text} onChange={(event) => setText(event.currentTarget.value)} spellCheck={false} />
      <Group>
        <Button variant="default" disabled={text.trim() === ""} onClick={() => check(() => Promise.resolve(new Blob([text.trim()])))}>
          Check what was pasted
        </Button>
      </Group>
      <Outcome what="certificate" reading={reading} report={report} />
    </Stack>
  );
}

function useReport() {
  const [report, setReport] = useState<Report | null>(null);
  const [reading, setReading] = useState<string | null>(null);
  const newest = useRef(0);
  async function run(check: (onRead: (name: string) => void) => Promise<Report>) {
    const mine = (newest.current += 1);
    setReport(null);
    setReading("files");
    const found = await reported(() => check((name) => mine === newest.current && setReading(name)));
    if (mine !== newest.current) return;
    setReading(null);
    setReport(found);
  }
  return { report, reading, run };
}

function Outcome({ what, reading, report }: { what: What; reading: string | null; report: Report | null }) {
  if (reading !== null) return <Loading what={reading} />;
  return report && <ReportSheet report={report} what={what} />;
}

interface DropProps {
  label: string;
  hint: string;
  folder?: boolean;
  onFiles: (files: Promise<Files>) => void;
  testId: string;
}

function Drop({ label, hint, folder = false, onFiles, testId }: DropProps) {
  const [over, setOver] = useState(false);
  const one = useRef<HTMLInputElement>(null);
  const whole = useRef<HTMLInputElement>(null);

  function take(input: RefObject<HTMLInputElement | null>) {
    const files = chosenFiles([...(input.current?.files ?? [])]);
    if (input.current) input.current.value = ""; // the same may be chosen again
    if (files.size > 0) onFiles(Promise.resolve(files));
  }

  function handleDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    onFiles(droppedFiles(event.dataTransfer));
  }

  return (
    // Dropping is a second way for the mouse; the buttons inside are the way for everybody.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      aria-label={label}
      className={classes["drop"]}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={handleDrop}
    >
      <Text size="sm">Drop here: {hint}</Text>
      <Group gap="sm" justify="center">
        <Button variant="default" onClick={() => one.current?.click()}>
          {folder ? "Choose files" : "Choose the file"}
        </Button>
        {folder && (
          <Button variant="default" onClick={() => whole.current?.click()}>
            Choose a folder
          </Button>
        )}
      </Group>
      <input ref={one} type="file" hidden aria-hidden tabIndex={-1} multiple={folder} data-testid={testId} onChange={() => take(one)} />
      {folder && <input ref={whole} type="file" hidden aria-hidden tabIndex={-1} webkitdirectory="" onChange={() => take(whole)} />}
    </div>
  );
}
