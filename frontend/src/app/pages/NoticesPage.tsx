/** What the person's organisations were told, and where they want to be told. */
import { usePerson } from "@/api/session";
import type { Person } from "@/api/types";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Section } from "@/components/Section";
import { Notices } from "@/features/notices/Notices";
import { Webhooks } from "@/features/notices/Webhooks";

export function NoticesPage() {
  const told = organisationsTold(usePerson());
  return (
    <Page title="Notices" about="What was announced to your organisation, withdrawals above all; acknowledging is written into the log.">
      {told.length === 0 && <Empty title="Nothing is announced to you">Messages go to the owners and consumers of an organisation.</Empty>}
      {told.map(({ slug, name }) => (
        <div key={slug} style={{ display: "contents" }}>
          <Section title={`To ${name}`} about="What is not acknowledged stands first; a reminder goes out once a day until it is.">
            <Notices slug={slug} />
          </Section>
          <Section title={`Webhooks of ${name}`} about="Messages are posted there, signed after Standard Webhooks; without one they go by mail.">
            <Webhooks slug={slug} />
          </Section>
        </div>
      ))}
    </Page>
  );
}

/** Each once, however many roles the person holds there. */
function organisationsTold({ roles }: Person): { slug: string; name: string }[] {
  const told = roles.filter(({ role }) => role === "owner" || role === "consumer");
  return [...new Map(told.map(({ organisation, organisation_name: name }) => [organisation, { slug: organisation, name }])).values()];
}
