/** The pages that strangers may read too. */
import { Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { Loading } from "@/components/Loading";

export function Open() {
  return (
    <Suspense fallback={<Loading what="page" />}>
      <Outlet />
    </Suspense>
  );
}
