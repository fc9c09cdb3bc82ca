/** One model: what it is for, where its main stands, how to load it, and every build of it. */
import { getRouteApi } from "@tanstack/react-router";
import type { ModelDetail } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { WithdrawnExpertsOf } from "@/app/WithdrawnExperts";
import { Answered } from "@/components/Answered";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { Notice } from "@/components/Notice";
import { Page } from "@/components/Page";
import { PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { isRunning, useModel } from "@/features/compositions/api";
import { CompositionList } from "@/features/compositions/CompositionList";
import { RevisionList } from "@/features/compositions/RevisionList";
import { inWords } from "@/features/compositions/selector";
import { Snippet } from "@/features/compositions/Snippet";

const route = getRouteApi("/signed-in/models/$org/$name");

export function ModelPage() {
  const { org, name } = route.useParams();
  const model = useModel(org, name);
  return (
    <Answered query={model} what="model">
      {(found) => (
        <Page title={found.full_name} about="A standing request: its main is the newest valid build.">
          <MainNotice model={found} />
          <Withdrawn model={found} />
          {found.main && (
            <Section title="Load it">
              <Snippet model={found.full_name} revision={found.main.revision} />
            </Section>
          )}
          <Section title="The request">
            <Request model={found} />
          </Section>
          <Section title="Revisions" about="What was published; a tag is a name of your own for one of them.">
            <RevisionList org={org} name={name} />
          </Section>
          <Section title="Builds">
            <CompositionList compositions={found.compositions} main={found.main?.revision} />
          </Section>
        </Page>
      )}
    </Answered>
  );
}

/** What whoever uses the model must know now, a withdrawal above all. */
function MainNotice({ model }: { model: ModelDetail }) {
  const { main, latest, compositions } = model;
  const withdrawn = compositions.filter(({ state }) => state === "withdrawn");
  const last = withdrawn.at(-1);
  if (latest && isRunning(latest.state)) {
    return (
      <Notice tone="info" role="status" title={main ? "A new build is on its way" : "Being composed"}>
        <PageLink to="/compositions/$id" params={{ id: latest.id }}>
          Follow it
        </PageLink>
      </Notice>
    );
  }
  if (last) {
    return (
      <Notice
        tone="warning"
        role="status"
        title={main ? "An expert was withdrawn, and the model composed again without it" : "An expert was withdrawn, and the model has no main now"}
      >
        <span>
          Revision{" "}
          <PageLink to="/compositions/$id" params={{ id: last.id }} ff="monospace">
            {last.revision.slice(0, 12)}
          </PageLink>{" "}
          is no longer served. {main ? "Load the model again, without naming a revision, and delete copies of the old one." : "Request the model again, with other experts."}
        </span>
      </Notice>
    );
  }
  if (!main && latest) {
    return (
      <Notice tone="warning" role="status" title="It has no main">
        <PageLink to="/compositions/$id" params={{ id: latest.id }}>
          See what became of the last build
        </PageLink>
      </Notice>
    );
  }
  return null;
}

function Withdrawn({ model }: { model: ModelDetail }) {
  const last = model.compositions.filter(({ state }) => state === "withdrawn").at(-1);
  return last ? <WithdrawnExpertsOf id={last.id} model={model} /> : null;
}

function Request({ model }: { model: ModelDetail }) {
  const purposes = useVocabulary().data?.purposes;
  return (
    <Facts
      facts={[
        ["Main", model.main ? <Digest key="main" value={model.main.revision} what="revision of main" /> : "none"],
        ["Purpose", nameOf(purposes, model.purpose)],
        ["Anchor", model.anchor],
        ["Experts", model.selector ? inWords(model.selector) : model.experts.map((expert) => <ExpertLink key={expert} expert={expert} />)],
        ["Experts asked for each token", String(model.top_k)],
        ["Router", model.tuning ? "tuned on public text; every expert took part" : "as the experts brought it"],
        ["When an expert is withdrawn", model.on_withdrawal === "close" ? "the model is left without a main" : "it is composed again without it"],
        ["Requested", <When key="requested" at={model.created_at} />],
        [
          "In the log",
          <PageLink key="log" to="/log" search={{ about: `model:${model.full_name}` }}>
            What happened to it
          </PageLink>,
        ],
      ]}
    />
  );
}

function ExpertLink({ expert }: { expert: string }) {
  const [org = "", name = ""] = expert.split("/");
  return (
    <PageLink to="/experts/$org/$name" params={{ org, name }} me="sm">
      {expert}
    </PageLink>
  );
}
