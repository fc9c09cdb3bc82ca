/** After the login: what is your first task? One click for each role, in the order of the day's work. */
import { Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { hasRole, usePerson } from "@/api/session";
import type { Person } from "@/api/types";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { PageButton, PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";

export function StartPage() {
  const person = usePerson();
  return (
    <Page title={`Welcome, ${person.name}`} about="What is your first task?">
      {person.roles.length === 0 ? (
        <Empty title="You have no role yet">
          Ask the operator to give you one in your organisation. Until then you can look at the experts and the log.
        </Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Tasks person={person} />
        </SimpleGrid>
      )}
      <Paper p={0} bg="transparent">
        <Text c="dimmed" size="sm">
          Everything here can also be done over the REST API and with the <code>guildhall</code> command; both want a token
          from <PageLink to="/account">tokens and keys</PageLink>. See <PageLink to="/reference">the API reference</PageLink>.
        </Text>
      </Paper>
    </Page>
  );
}

function Tasks({ person }: { person: Person }) {
  return (
    <>
      {hasRole(person, "owner") && (
        <Section title="Data owner" about="Bring what you trained, see where it is used, take it back when you must.">
          <Stack gap="sm" align="flex-start">
            <PageButton to="/upload">Upload an expert</PageButton>
            <PageLink to="/my-experts">My experts, and who uses them</PageLink>
            <PageLink to="/guides/$name" params={{ name: "owner" }}>How it goes, step by step</PageLink>
          </Stack>
        </Section>
      )}
      {hasRole(person, "compliance") && (
        <Section title="Compliance" about="Look at what waits: licence, consent, provenance and checks on one page.">
          <Stack gap="sm" align="flex-start">
            <PageButton to="/reviews">Open the review queue</PageButton>
            <PageLink to="/policies">The policies, and how to change them</PageLink>
            <PageLink to="/guides/$name" params={{ name: "compliance" }}>How it goes, step by step</PageLink>
          </Stack>
        </Section>
      )}
      {hasRole(person, "consumer") && (
        <Section title="Model consumer" about="Say what for, choose experts, and load the model with the tools you have.">
          <Stack gap="sm" align="flex-start">
            <PageButton to="/models/new">Request a model</PageButton>
            <PageLink to="/models">My models</PageLink>
            <PageLink to="/notices">Notices to your organisation</PageLink>
            <PageLink to="/guides/$name" params={{ name: "consumer" }}>How it goes, step by step</PageLink>
          </Stack>
        </Section>
      )}
      {(hasRole(person, "auditor") || hasRole(person, "operator")) && (
        <Section title={hasRole(person, "auditor") ? "Auditor" : "Operator"} about="Everything that happened, in the order it happened.">
          <Stack gap="sm" align="flex-start">
            <PageButton to="/log">Read the log</PageButton>
            <PageLink to="/verify">Verify the log, a model or a certificate</PageLink>
            <PageLink to="/models">All models</PageLink>
            <PageLink to="/guides/$name" params={{ name: hasRole(person, "auditor") ? "auditor" : "operator" }}>
              How it goes, step by step
            </PageLink>
          </Stack>
        </Section>
      )}
    </>
  );
}
