/** One policy set: where it stands, what it would change, its rules in words and as written, and its examples. */
import { getRouteApi } from "@tanstack/react-router";
import type { PolicySetWhole } from "@/api/types";
import { Answered } from "@/components/Answered";
import { CopyBlock } from "@/components/CopyBlock";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { Page } from "@/components/Page";
import { PageButton, PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { LineDiff } from "@/components/TextDiff";
import { When } from "@/components/When";
import { useActivePolicySet, usePolicySet } from "@/features/policy/api";
import { ExampleResults } from "@/features/policy/ExampleResults";
import { GoBack } from "@/features/policy/GoBack";
import { NextStep } from "@/features/policy/NextStep";
import { Rules } from "@/features/policy/Rules";
import { standing } from "@/features/policy/sets";
import { ShadowPanel } from "@/features/policy/ShadowPanel";

const route = getRouteApi("/signed-in/policies/$number");

export function PolicySetPage() {
  const { number } = route.useParams();
  const set = usePolicySet(Number(number));
  return (
    <Answered query={set} what="policy set">
      {(found) => <PolicySetView key={found.number} set={found} />}
    </Answered>
  );
}

function PolicySetView({ set }: { set: PolicySetWhole }) {
  const active = useActivePolicySet();
  const [state, words] = standing(set);
  return (
    <Page
      title={`Policy set ${set.number}`}
      about={
        <>
          <StateBadge state={state} words={words} /> {set.reason || (set.shipped && "Comes with the software.")}
        </>
      }
      actions={
        <>
          {set.may.go_back && <GoBack set={set} />}
          {set.may.propose && (
            <PageButton to="/policies/new" search={{ from: String(set.number) }} variant="default">
              Write a new set from it
            </PageButton>
          )}
        </>
      }
    >
      {set.waits && <NextStep set={set} />}
      <Section title="The set">
        <Facts
          facts={[
            ["Hash", <Digest key="hash" value={set.hash} what="hash" />],
            ["Proposed", set.proposed_at && <Deed key="proposed" by={set.proposed_by} at={set.proposed_at} />],
            ["Activated", set.activated_at && <Deed key="activated" by={set.activated_by} at={set.activated_at} />],
            [
              "In the log",
              <PageLink key="log" to="/log" search={{ about: `policy set ${set.number}` }}>
                What happened to it
              </PageLink>,
            ],
          ]}
        />
      </Section>
      {!set.active && (
        <Section
          title="What it would change"
          about="It answers the questions of late beside the set that decides, and asks for each model that stands. Nothing is changed by that."
        >
          <ShadowPanel set={set} />
        </Section>
      )}
      {!set.active && (
        <Section title="Difference to the set that decides">
          <Answered query={active} what="set that decides">
            {(deciding) => (
              <LineDiff before={deciding.text} after={set.text} label={`Difference to policy set ${deciding.number}`} />
            )}
          </Answered>
        </Section>
      )}
      <Section title="Rules" about="What stands in ‹ › is filled in with the facts of each question.">
        <Rules rules={set.rules} />
      </Section>
      <Section title="Examples" about="The set's tests, run by the engine now.">
        <ExampleResults number={set.number} />
      </Section>
      <Section title="As it is written">
        <CopyBlock title="Cedar" text={set.text} />
      </Section>
    </Page>
  );
}

function Deed({ by, at }: { by: string; at: string }) {
  return (
    <>
      {by ? `by ${by}, ` : ""}
      <When at={at} />
    </>
  );
}
