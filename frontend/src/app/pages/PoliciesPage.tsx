/** The policies: which set decides, which waits, and all there ever were. */
import { hasRole, usePerson } from "@/api/session";
import { Answered } from "@/components/Answered";
import { Page } from "@/components/Page";
import { PageButton, PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { useActivePolicySet } from "@/features/policy/api";
import { PolicySets } from "@/features/policy/PolicySets";
import { Rules } from "@/features/policy/Rules";

export function PoliciesPage() {
  const person = usePerson();
  const active = useActivePolicySet();
  const steward = hasRole(person, "compliance") || hasRole(person, "operator");
  return (
    <Page
      title="Policies"
      about="The rules that answer every build and every download. One set decides; it takes two people to change it."
      actions={steward && <PageButton to="/policies/new">Write a new set</PageButton>}
    >
      <Section title="Sets" about="The newest first. Each is fixed, and named by its hash in every decision that it made.">
        <PolicySets />
      </Section>
      <Answered query={active} what="rules">
        {(set) => (
          <Section
            title="The rules that decide now"
            about={
              <>
                Of{" "}
                <PageLink to="/policies/$number" params={{ number: String(set.number) }}>
                  policy set {set.number}
                </PageLink>
                . What stands in ‹ › is filled in with the facts of each question.
              </>
            }
          >
            <Rules rules={set.rules} />
          </Section>
        )}
      </Answered>
    </Page>
  );
}
