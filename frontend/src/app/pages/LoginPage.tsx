/** The door: afterwards the person is where they wanted to go. */
import { Container, Stack, Text, Title } from "@mantine/core";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { inside } from "@/app/search";
import { SignInForm } from "@/features/accounts/SignInForm";

const route = getRouteApi("/login");

export function LoginPage() {
  const { next } = route.useSearch();
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
        <SignInForm onSignedIn={() => router.history.push(inside(next))} />
      </Stack>
    </Container>
  );
}
