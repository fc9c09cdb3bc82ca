/** The models of one's organisations; auditors and operators see all. */
import { hasRole, usePerson } from "@/api/session";
import { Page } from "@/components/Page";
import { PageButton } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { ModelList } from "@/features/compositions/ModelList";

export function ModelsPage() {
  const person = usePerson();
  return (
    <Page
      title="Models"
      about="Composed from an anchor and chosen experts, each for a stated purpose."
      actions={hasRole(person, "consumer") && <PageButton to="/models/new">Request a model</PageButton>}
    >
      <Section title="Requested">
        <ModelList />
      </Section>
    </Page>
  );
}
