/** One build of a model, live while it runs: state, experts, decisions, files, and how to load it. */
import { Button } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { Composition } from "@/api/types";
import { WithdrawnExperts } from "@/app/WithdrawnExperts";
import { Answered } from "@/components/Answered";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { Page } from "@/components/Page";
import { PageLink } from "@/components/PageLink";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { isRunning, useCancelComposition, useComposition, useModel } from "@/features/compositions/api";
import { CompositionFacts } from "@/features/compositions/CompositionFacts";
import { CompositionState } from "@/features/compositions/CompositionState";
import { Snippet } from "@/features/compositions/Snippet";

const route = getRouteApi("/signed-in/compositions/$id");
const SERVED = ["published", "superseded"];

export function CompositionPage() {
  const { id } = route.useParams();
  const composition = useComposition(id);
  return (
    <Answered query={composition} what="composition">
      {(found) => <CompositionView composition={found} />}
    </Answered>
  );
}

function CompositionView({ composition }: { composition: Composition }) {
  const [org = "", name = ""] = composition.model.split("/");
  const cancel = useCancelComposition(composition.id);
  const model = useModel(org, name).data;
  const mayChange = model?.may.change ?? false;
  return (
    <Page
      title={`A build of ${composition.model}`}
      about={
        <>
          <StateBadge state={composition.state} /> For the model{" "}
          <PageLink to="/models/$org/$name" params={{ org, name }}>
            {composition.model}
          </PageLink>
        </>
      }
      actions={
        isRunning(composition.state) &&
        mayChange && (
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel the build
          </Button>
        )
      }
    >
      <CompositionState composition={composition} />
      {composition.state === "withdrawn" && model && <WithdrawnExperts composition={composition} model={model} />}
      {cancel.error && <RefusalNotice error={cancel.error} />}
      {SERVED.includes(composition.state) && (
        <Section title="Load it">
          <Snippet model={composition.model} revision={composition.revision} />
        </Section>
      )}
      <Section title="The build">
        <Facts
          facts={[
            ["Revision", <Digest key="revision" value={composition.revision} what="revision" short={false} />],
            ["Asked for", <When key="asked" at={composition.created_at} />],
            ["Published", composition.published_at && <When key="published" at={composition.published_at} />],
            ["Blocked", composition.blocked_at && <When key="blocked" at={composition.blocked_at} />],
            [
              "In the log",
              <PageLink key="log" to="/log" search={{ about: `composition:${composition.id}` }}>
                What happened to it
              </PageLink>,
            ],
          ]}
        />
      </Section>
      <CompositionFacts composition={composition} />
    </Page>
  );
}
