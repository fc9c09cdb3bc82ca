/** The pages behind the login: a stranger is led there, and back afterwards. */
import { Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { Suspense } from "react";
import { useSession } from "@/api/session";
import { Answered } from "@/components/Answered";
import { Loading } from "@/components/Loading";

export function SignedIn() {
  const session = useSession();
  const here = useLocation({ select: (location) => location.href });

  return (
    <Answered query={session} what="page">
      {({ person }) =>
        person ? (
          <Suspense fallback={<Loading what="page" />}>
            <Outlet />
          </Suspense>
        ) : (
          <Navigate to="/login" search={{ next: here === "/" ? undefined : here }} replace />
        )
      }
    </Answered>
  );
}
