/** Everything that is said before the first byte goes up. What is typed stays through a reload. */
import { Button, Group } from "@mantine/core";
import { useSessionStorage } from "@mantine/hooks";
import { Suspense, useState, type SubmitEvent } from "react";
import { organisationsWith } from "@/api/session";
import type { Anchor, Expert, Person, Vocabulary } from "@/api/types";
import { useVocabulary } from "@/api/vocabulary";
import { useUploadDraft } from "@/app/upload/useUploadDraft";
import { Answered } from "@/components/Answered";
import { late } from "@/components/late";
import { Loading } from "@/components/Loading";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { ChosenDocuments } from "@/features/evidence/ChosenDocuments";
import type { ChosenDocument } from "@/features/evidence/documents";
import { missing, NO_EVIDENCE, refused, type Evidence } from "@/features/evidence/evidence";
import { shapeOf } from "@/features/experts/anchors";
import { useAnchors, useExperts } from "@/features/experts/api";
import { inside, plain } from "@/features/experts/cards";
import { NamingFields } from "@/features/experts/NamingFields";
import { NO_NAME, unnamed } from "@/features/experts/naming";
import { PackagePicker } from "@/features/experts/upload/PackagePicker";
import { PackageSummary } from "@/features/experts/upload/PackageSummary";
import type { Package } from "@/features/experts/upload/precheck";
import { usePackage } from "@/features/experts/upload/usePackage";

// Half of the form, and the second.
const EvidenceForm = late(async () => (await import("@/features/evidence/EvidenceForm")).EvidenceForm);

interface UploadFormProps {
  person: Person;
  expert: string | undefined;
  onDrafted: (versionId: string, files: readonly File[], notTaken: readonly string[]) => void;
}

export function UploadForm(props: UploadFormProps) {
  const anchors = useAnchors();
  const vocabulary = useVocabulary();
  const experts = useExperts({});
  return (
    <Answered query={anchors} what="anchors">
      {(knownAnchors) => (
        <Answered query={vocabulary} what="form">
          {(words) => (
            <Answered query={experts} what="experts">
              {(known) => <Fields {...props} anchors={knownAnchors} vocabulary={words} experts={known} />}
            </Answered>
          )}
        </Answered>
      )}
    </Answered>
  );
}

interface FieldsProps extends UploadFormProps {
  anchors: readonly Anchor[];
  vocabulary: Vocabulary;
  experts: readonly Expert[];
}

function Fields({ person, expert, onDrafted, anchors, vocabulary, experts }: FieldsProps) {
  const organisations = organisationsWith(person, "owner");
  const own = experts.filter((known) => organisations.some(({ slug }) => slug === known.organisation));
  const [naming, setNaming] = useSessionStorage({
    key: "upload-naming",
    defaultValue: { ...NO_NAME, expert: expert ?? "", organisation: organisations[0]?.slug ?? "" },
    getInitialValueInEffect: false,
  });
  const [evidence, setEvidence] = useSessionStorage({
    key: "upload-evidence",
    defaultValue: NO_EVIDENCE,
    getInitialValueInEffect: false,
    // A draft that an earlier page kept may lack what was added to the form since.
    deserialize: (text) => ({ ...NO_EVIDENCE, ...(text ? (JSON.parse(text) as Partial<Evidence>) : {}) }),
  });
  const [documents, setDocuments] = useState<ChosenDocument[]>([]);
  const [tried, setTried] = useState(false);
  const chosen = own.find(({ full_name }) => full_name === naming.expert);
  const anchor = anchors.find(({ slug }) => slug === (chosen?.anchor ?? naming.anchor));
  const { found, fault, choose } = usePackage(shapeOf(anchor));
  const draft = useUploadDraft();
  const faults = { naming: unnamed(naming), evidence: missing(evidence) };
  const complete = Object.keys(faults.naming).length + Object.keys(faults.evidence).length === 0 && found !== null;

  async function take(files: readonly File[]) {
    const read = await choose(files);
    if (!read) return;
    const beside = anchors.find(({ digest }) => digest === read.anchorDigest);
    if (beside && !naming.anchor) setNaming((now) => ({ ...now, anchor: beside.slug }));
    setEvidence((now) => ({ ...now, dataset: now.dataset || described(read), code: now.code || codeOf(read) }));
  }

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    setTried(true);
    if (!complete || !anchor) return;
    draft.mutate(
      { naming, evidence: { ...evidence, anchorDigest: anchor.digest }, documents },
      {
        onSuccess: ({ version, notTaken }) => {
          setEvidence(NO_EVIDENCE);
          setNaming(NO_NAME);
          onDrafted(version.id, found.files, notTaken);
        },
      },
    );
  }

  return (
    <form onSubmit={handleSubmit} noValidate aria-label="Upload an expert" style={{ display: "contents" }}>
      <NamingFields
        naming={chosen ? naming : { ...naming, expert: "" }}
        experts={own}
        anchors={anchors.filter(({ state }) => state === "verified")}
        organisations={organisations}
        faults={tried ? faults.naming : {}}
        onChange={(change) => setNaming((now) => ({ ...now, ...change }))}
      />
      <Section title="Package" about="Read here in the browser first; nothing is sent before you say so.">
        <PackagePicker onChosen={(files) => void take(files)} />
        {fault && (
          <Notice tone="bad" role="alert" title="This is not a package that can be sent">
            {fault}
          </Notice>
        )}
        {found && <PackageSummary found={found} />}
      </Section>
      <Suspense fallback={<Loading what="evidence" />}>
        <EvidenceForm
          evidence={evidence}
          vocabulary={vocabulary}
          organisations={[]}
          faults={{ ...refused(draft.error), ...(tried ? faults.evidence : {}) }}
          onChange={(change) => setEvidence((now) => ({ ...now, ...change }))}
        >
          <ChosenDocuments chosen={documents} onChange={setDocuments} />
        </EvidenceForm>
      </Suspense>
      {tried && !complete && (
        <Notice tone="warning" role="alert" title="Something is still missing">
          {found ? "The fields above say what." : "Choose the package, and look at what the fields above say."}
        </Notice>
      )}
      {draft.error && <RefusalNotice error={draft.error} />}
      <Group justify="flex-end">
        <Button type="submit" size="md" loading={draft.isPending}>
          Save the draft and go on
        </Button>
      </Group>
    </form>
  );
}

function described(read: Package): string {
  return plain(read.dataCard["description"]) ?? plain(read.dataCard["name"]) ?? "";
}

function codeOf(read: Package): string {
  return plain(inside(read.card, "training", "code")) ?? "";
}
