/** One version before its reviewer: all evidence on one page, and the decision at its end. */
import { Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Suspense } from "react";
import type { Version } from "@/api/types";
import { Evidence } from "@/app/Evidence";
import classes from "@/app/pages/ReviewPage.module.css";
import { Answered } from "@/components/Answered";
import { late } from "@/components/late";
import { Loading } from "@/components/Loading";
import { Notice } from "@/components/Notice";
import { Page } from "@/components/Page";
import { PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { useDocumentCounts } from "@/features/evidence/Documents";
import { useVersion } from "@/features/experts/api";
import { Foreseen } from "@/features/policy/Foreseen";
import { ClaimBar } from "@/features/reviews/ClaimBar";
import { Questions } from "@/features/reviews/Questions";
import { ReviewList } from "@/features/reviews/ReviewList";
import { Suspensions } from "@/features/reviews/Suspensions";

// The evidence is there to be read before these are.
const LicenceTexts = late(async () => (await import("@/features/evidence/LicenceTexts")).LicenceTexts);
const DecisionForm = late(async () => (await import("@/features/reviews/DecisionForm")).DecisionForm);

const route = getRouteApi("/signed-in/reviews/$id");

export function ReviewPage() {
  const { id } = route.useParams();
  const version = useVersion(id);
  const queries = useQueryClient();
  return (
    <Answered query={version} what="version">
      {(found) => (
        <Page
          title={`Review ${found.expert}, version ${found.number}`}
          about={
            <>
              <StateBadge state={found.state} /> Brought by {found.created_by}.{" "}
              <PageLink to="/versions/$id" params={{ id: found.id }}>
                The version's own page
              </PageLink>
            </>
          }
        >
          {found.waiting && <Suspensions waiting={found.waiting} />}
          {found.waiting && <ClaimBar versionId={found.id} waiting={found.waiting} mayReview={found.may.review} />}
          <div className={classes["desk"]}>
            <Stack gap="lg" miw={0}>
              <Evidence
                version={found}
                documents
                besideLicence={
                  <Section title="Licence texts" about="What the owner declared or gave, word by word beside another licence.">
                    <Suspense fallback={<Loading what="licence texts" />}>
                      <LicenceTexts licence={found.licence} />
                    </Suspense>
                  </Section>
                }
              />
              {found.waiting && (
                <Section title="Questions" about="The owner's people are told of a question, and you of its answer.">
                  <Questions versionId={found.id} mayAsk={found.may.review} />
                </Section>
              )}
            </Stack>
            <Stack gap="lg" className={classes["beside"]}>
              {found.waiting && (
                <Section
                  title="What a decision changes"
                  about="Simulated by the policies that decide, over the models that stand and the decisions of late. Nothing is changed by looking."
                >
                  <Foreseen versionId={found.id} />
                </Section>
              )}
              <Section title="Decision">
                {found.reviews.length > 0 && <ReviewList reviews={found.reviews} />}
                <Decision
                  version={found}
                  onReload={() => {
                    void version.refetch();
                    for (const what of ["documents", "questions"]) void queries.invalidateQueries({ queryKey: [what, id] });
                  }}
                />
              </Section>
            </Stack>
          </div>
        </Page>
      )}
    </Answered>
  );
}

function Decision({ version, onReload }: { version: Version; onReload: () => void }) {
  const documents = useDocumentCounts(version.id);
  if (version.may.review) {
    return (
      <Suspense fallback={<Loading what="decision" />}>
        <DecisionForm key={version.id} version={version} documents={documents} onReload={onReload} />
      </Suspense>
    );
  }
  if (!version.waiting) {
    return (
      <Notice tone="info" title="Nothing to decide now">
        Only a version that is verified or suspended can be decided on. <PageLink to="/reviews">Back to the queue</PageLink>
      </Notice>
    );
  }
  return (
    <Notice tone="info" title="You may not decide on this one">
      Nobody decides on an asset of their own organisation or on what they submitted. Another compliance officer does.
    </Notice>
  );
}
