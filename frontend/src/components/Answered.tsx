/** Stands for a query: loading, refused or offline until there is an answer, then what is made of it. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Loading } from "@/components/Loading";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";

interface AnsweredProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "fetchStatus" | "refetch">;
  what: string;
  children: (data: T) => ReactNode;
}

export function Answered<T>({ query, what, children }: AnsweredProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <RefusalNotice error={query.error} onRetry={() => void query.refetch()} />;
  if (query.fetchStatus === "paused") {
    return (
      <Notice tone="warning" title="You are offline" role="status">
        {`The ${what} will be shown as soon as the connection is back.`}
      </Notice>
    );
  }
  return <Loading what={what} />;
}
