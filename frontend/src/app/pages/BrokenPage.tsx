/** A page that cannot be shown: said plainly, with a way on. A lost line is not the page's fault, and it mends itself. */
import { Button } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { isUnreachable, Refusal } from "@/api/client";
import { Notice } from "@/components/Notice";
import { Page } from "@/components/Page";
import { RefusalNotice } from "@/components/RefusalNotice";

export function BrokenPage({ error }: ErrorComponentProps) {
  useLoadAgainWhenBack();
  return (
    <Page title={titleOf(error)}>
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

function titleOf(error: unknown): string {
  if (isUnreachable(error)) return "The page is out of reach";
  return error instanceof Refusal ? "This page cannot be shown" : "This page broke";
}

function useLoadAgainWhenBack() {
  const { online } = useNetwork();
  const before = useRef(online);
  useEffect(() => {
    if (online && !before.current) window.location.reload();
    before.current = online;
  }, [online]);
}
