/** One version of an expert with all that is known of it: state, evidence, checks, files, and the way to take it back. */
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { Suspense } from "react";
import { hasRole, looksInto, readsDocuments, usePerson } from "@/api/session";
import type { Version } from "@/api/types";
import { Evidence } from "@/app/Evidence";
import { Answered } from "@/components/Answered";
import { late } from "@/components/late";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { PageButton, PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { Documents } from "@/features/evidence/Documents";
import { EndsSoon } from "@/features/evidence/EndsSoon";
import { useVersion } from "@/features/experts/api";
import { VersionState } from "@/features/experts/VersionState";
import { Questions } from "@/features/reviews/Questions";
import { ReviewList } from "@/features/reviews/ReviewList";
import { Suspensions } from "@/features/reviews/Suspensions";
import { InUse } from "@/features/withdrawals/InUse";
import { LegalHold } from "@/features/withdrawals/LegalHold";
import { PauseButton, ResumeButton } from "@/features/withdrawals/PauseButton";
import { WithdrawalProgress } from "@/features/withdrawals/WithdrawalProgress";

// Only a draft's owner needs the one, only who takes it back the other.
const UploadPanel = late(async () => (await import("@/features/experts/upload/UploadPanel")).UploadPanel);
const WithdrawDialog = late(async () => (await import("@/features/withdrawals/WithdrawDialog")).WithdrawDialog);

const route = getRouteApi("/signed-in/versions/$id");

const LIVING: ReadonlySet<Version["state"]> = new Set(["approved", "paused", "suspended"]);

export function VersionPage() {
  const { id } = route.useParams();
  const version = useVersion(id);
  return (
    <Answered query={version} what="version">
      {(found) => <VersionView version={found} />}
    </Answered>
  );
}

function VersionView({ version }: { version: Version }) {
  const [withdrawing, { open, close }] = useDisclosure(false);
  const person = usePerson();
  const [org = "", name = ""] = version.expert.split("/");
  const full = `${version.expert}@${version.number}`;
  const target = { id: version.id, name: full, expert: version.expert, organisation: org };
  const owns = person.roles.some((held) => held.role === "owner" && held.organisation === org);
  const keepsBytes = hasRole(person, "compliance") || hasRole(person, "operator");

  return (
    <Page
      title={`${version.expert}, version ${version.number}`}
      about={
        <>
          <StateBadge state={version.state} /> A version of{" "}
          <PageLink to="/experts/$org/$name" params={{ org, name }}>
            {version.expert}
          </PageLink>
          .{" "}
          <PageLink to="/log" search={{ about: full }}>
            What happened to it
          </PageLink>
        </>
      }
      actions={
        <>
          {version.may.review && (
            <PageButton to="/reviews/$id" params={{ id: version.id }}>
              Review
            </PageButton>
          )}
          {version.may.withdraw && version.state === "approved" && <PauseButton id={version.id} name={full} />}
          {version.may.withdraw && version.state === "paused" && <ResumeButton id={version.id} />}
          {version.may.withdraw && (
            <Button color="crimson" onClick={open}>
              Withdraw
            </Button>
          )}
        </>
      }
    >
      <VersionState version={version} />
      {version.waiting && <Suspensions waiting={version.waiting} />}
      {version.waiting && (
        <Section title="Questions" about="Between its reviewers and its owner; nobody else reads them.">
          <Questions versionId={version.id} mayAnswer={owns} />
        </Section>
      )}
      {LIVING.has(version.state) && (
        <EndsSoon terms={{ consent: version.consent.valid_until, licence: version.licence.valid_until }} />
      )}
      {version.state === "withdrawn" && (
        <WithdrawalProgress
          versionId={version.id}
          owns={owns}
          looksInto={looksInto(person, org)}
        />
      )}
      {version.may.edit && version.state === "draft" && (
        <Section title="Documents" about="What shows the consent and the licence. Reviewers read them, and nobody else outside.">
          <Documents versionId={version.id} />
        </Section>
      )}
      {version.may.edit && version.state === "draft" && (
        <Section title="Bring the files" about="Choose the package again; what has already arrived is not sent twice.">
          <Suspense fallback={<Loading what="upload" />}>
            <UploadPanel version={version} />
          </Suspense>
        </Section>
      )}
      {version.may.withdraw && LIVING.has(version.state) && (
        <Section title="Where it is used">
          <InUse target={target} />
        </Section>
      )}
      {keepsBytes && (
        <Section title="Legal hold">
          <LegalHold versionId={version.id} name={full} />
        </Section>
      )}
      <Evidence version={version} documents={readsDocuments(person, org) && version.state !== "draft"} />
      {version.reviews.length > 0 && (
        <Section title="Reviews">
          <ReviewList reviews={version.reviews} />
        </Section>
      )}
      {version.may.withdraw && (
        <Suspense fallback={null}>
          <WithdrawDialog target={target} opened={withdrawing} onClose={close} />
        </Suspense>
      )}
    </Page>
  );
}
