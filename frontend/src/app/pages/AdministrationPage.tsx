/** The operator's page: how the service is, and who is who. Each part is asked for only when it is looked at. */
import { Stack, Tabs } from "@mantine/core";
import { hasRole, usePerson } from "@/api/session";
import { Notice } from "@/components/Notice";
import { Page } from "@/components/Page";
import { EveryKey, EveryToken } from "@/features/accounts/EveryToken";
import { Invitations } from "@/features/accounts/Invitations";
import { Organisations } from "@/features/accounts/Organisations";
import { People } from "@/features/accounts/People";
import { Health } from "@/features/administration/Health";
import { Queues } from "@/features/administration/Queues";
import { Storage } from "@/features/administration/Storage";

export function AdministrationPage() {
  const person = usePerson();
  return (
    <Page title="Administration" about="How the service is, who may do what, and what waits.">
      {hasRole(person, "operator") ? <Parts /> : <Notice tone="warning" title="This page is for operators">Ask one of them for the role.</Notice>}
    </Page>
  );
}

function Parts() {
  return (
    <Tabs defaultValue="service" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="service">Service</Tabs.Tab>
        <Tabs.Tab value="people">People</Tabs.Tab>
        <Tabs.Tab value="tokens">Tokens and keys</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="service" pt="md">
        <Stack gap="lg">
          <Health />
          <Queues />
          <Storage />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="people" pt="md">
        <Stack gap="lg">
          <Invitations />
          <People />
          <Organisations />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="tokens" pt="md">
        <Stack gap="lg">
          <EveryToken />
          <EveryKey />
        </Stack>
      </Tabs.Panel>
    </Tabs>
  );
}
