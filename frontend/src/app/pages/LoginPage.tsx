/** The door: afterwards the person is where they wanted to go. */
import { Container, Stack, Text, Title } from "@mantine/core";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSession } from "@/api/session";
import { inside } from "@/app/search";
import { Notice } from "@/components/Notice";
import { OtherDoors } from "@/features/accounts/OtherDoors";
import { SecondStepForm } from "@/features/accounts/SecondStepForm";
import { SignInForm } from "@/features/accounts/SignInForm";

const route = getRouteApi("/login");

export function LoginPage() {
  const { next, error } = route.useSearch();
  const router = useRouter();
  const steps = useSession().data?.second_step ?? [];

  function enter() {
    router.history.push(inside(next));
  }

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
        {error && (
          <Notice tone="warning" role="status" title="You were not signed in">
            {error === "permission_denied"
              ? "Nobody here has the address that your organisation vouches for. Ask an operator to invite you."
              : "Your organisation did not let you through. Try again, or sign in another way."}
          </Notice>
        )}
        {steps.length > 0 ? (
          <SecondStepForm steps={steps} onSignedIn={enter} />
        ) : (
          <>
            <SignInForm onSignedIn={enter} />
            <OtherDoors back={next ? `/login?next=${encodeURIComponent(next)}` : "/login"} onSignedIn={enter} />
          </>
        )}
      </Stack>
    </Container>
  );
}
