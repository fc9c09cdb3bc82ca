/** The door: afterwards the person is where they wanted to go. */
import { Container, Stack, Text, Title } from "@mantine/core";
import { Navigate, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSession } from "@/api/session";
import { Answered } from "@/components/Answered";
import { SignInForm } from "@/features/accounts/SignInForm";

/** Only our own pages: an address from outside must not lead elsewhere. */
function inside(next: string | undefined): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.startsWith("/\\") ? next : "/";
}

export function LoginPage() {
  const session = useSession();
  const { next } = useSearch({ from: "/login" });
  const router = useRouter();

  useEffect(() => {
    document.title = "Sign in · Guildhall";
  }, []);

  return (
    <Container size="26rem" px={0} py={{ base: "md", sm: "4rem" }}>
      <Stack gap="lg">
        <Stack gap={6}>
          <Title order={1}>Sign in</Title>
          <Text c="dimmed">
            Guildhall keeps the record of language-model experts: whose they are, who may use them, and what happened.
          </Text>
        </Stack>
        <Answered query={session} what="sign-in form">
          {({ person }) =>
            person ? <Navigate to={inside(next)} replace /> : <SignInForm onSignedIn={() => router.history.push(inside(next))} />
          }
        </Answered>
      </Stack>
    </Container>
  );
}
