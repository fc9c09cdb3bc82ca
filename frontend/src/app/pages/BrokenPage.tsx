/** A fault of the page itself: said plainly, with a way on. */
import { Button } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Refusal } from "@/api/client";
import { Notice } from "@/components/Notice";
import { Page } from "@/components/Page";
import { RefusalNotice } from "@/components/RefusalNotice";

export function BrokenPage({ error }: ErrorComponentProps) {
  return (
    <Page title="This page broke">
      {error instanceof Refusal ? (
        <RefusalNotice error={error} />
      ) : (
        <Notice tone="bad" role="alert" title="This page could not be shown">
          It may be from before an update of the service. Load it again; if it breaks again, tell the operator.
        </Notice>
      )}
      <Button w="fit-content" onClick={() => window.location.reload()}>
        Load it again
      </Button>
    </Page>
  );
}
