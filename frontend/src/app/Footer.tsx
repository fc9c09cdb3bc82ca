/** Below every page: help, and what strangers may check. */
import { Anchor, Group } from "@mantine/core";
import { PageLink } from "@/components/PageLink";

export function Footer() {
  return (
    <Group component="footer" gap="md" mt="auto" pt="xl" data-print="never">
      <PageLink to="/guides" size="sm">
        Guides
      </PageLink>
      <PageLink to="/reference" size="sm">
        API reference
      </PageLink>
      <PageLink to="/verify" size="sm">
        Verify
      </PageLink>
      <Anchor href="/feed/withdrawals.json" size="sm">
        Withdrawals
      </Anchor>
    </Group>
  );
}
