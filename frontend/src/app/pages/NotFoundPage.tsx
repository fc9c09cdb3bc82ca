/** An address with nothing behind it. */
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { PageLink } from "@/components/PageLink";

export function NotFoundPage() {
  return (
    <Page title="Nothing here">
      <Empty title="There is no page at this address.">
        <PageLink to="/">Go to the start</PageLink>
      </Empty>
    </Page>
  );
}
