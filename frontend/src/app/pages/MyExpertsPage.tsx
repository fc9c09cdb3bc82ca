/** Where an owner's experts are used, by whom, how much, and over time. */
import { Fragment } from "react";
import { organisationsWith, usePerson } from "@/api/session";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { PageButton } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { OwnExperts } from "@/features/experts/OwnExperts";
import { UsageOverTime } from "@/features/usage/UsageOverTime";
import { UsageTable } from "@/features/usage/UsageTable";

export function MyExpertsPage() {
  const owned = organisationsWith(usePerson(), "owner");
  const several = owned.length > 1;
  return (
    <Page
      title="My experts"
      about="Where they are used, by whom, and how much. To take one back, open its version."
      actions={owned.length > 0 && <PageButton to="/upload">Upload an expert</PageButton>}
    >
      {owned.length === 0 && (
        <Empty title="You own no expert">Ask the operator for the role of owner in your organisation.</Empty>
      )}
      {owned.map(({ slug, name }) => (
        <Fragment key={slug}>
          <Section title={several ? `Experts of ${name}` : "Experts"}>
            <OwnExperts organisation={slug} />
          </Section>
          <Section title={several ? `Use over time, ${name}` : "Use over time"} about="By the published log, in UTC months.">
            <UsageOverTime organisation={slug} />
          </Section>
          <Section title={several ? `Who uses them, ${name}` : "Who uses them"}>
            <UsageTable organisation={slug} />
          </Section>
        </Fragment>
      ))}
    </Page>
  );
}
