/** Which guide is mine? */
import { SimpleGrid } from "@mantine/core";
import { GUIDES, guideOf } from "@/app/guides";
import { Page } from "@/components/Page";
import { PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";

export function GuidesPage() {
  const guides = GUIDES.map(guideOf).filter((guide) => guide !== null);
  return (
    <Page title="Guides" about="A page for each kind of person.">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        {guides.map(({ name, title, about }) => (
          <Section key={name} title={title} about={about}>
            <PageLink to="/guides/$name" params={{ name }}>
              Read it
            </PageLink>
          </Section>
        ))}
        <Section title="For programs" about="Every operation of the REST API: parameters, answers, an example to paste.">
          <PageLink to="/reference">The API reference</PageLink>
        </Section>
      </SimpleGrid>
    </Page>
  );
}
