/** The pages of a person who is signed in. When the session ends meanwhile, the way leads back to the login. */
import { Outlet, useRouter } from "@tanstack/react-router";
import { Suspense, useEffect } from "react";
import { useSession } from "@/api/session";
import { Loading } from "@/components/Loading";

export function SignedIn() {
  const person = useSession().data?.person;
  const router = useRouter();

  useEffect(() => {
    if (person === null) void router.invalidate();
  }, [person, router]);

  if (!person) return <Loading what="page" />;
  return (
    <Suspense fallback={<Loading what="page" />}>
      <Outlet />
    </Suspense>
  );
}
