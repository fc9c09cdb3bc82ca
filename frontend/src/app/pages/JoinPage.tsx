/** The way in for who was invited. The code is behind the # of the address, which the browser keeps to itself. */
import { Container, Stack, Title } from "@mantine/core";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { Notice } from "@/components/Notice";
import { JoinForm } from "@/features/accounts/JoinForm";

export function JoinPage() {
  const code = useLocation({ select: (location) => location.hash });
  const navigate = useNavigate();

  useEffect(() => {
    document.title = "You are invited · Guildhall";
  }, []);

  return (
    <Container size="26rem" px={0} py={{ base: "md", sm: "4rem" }}>
      <Stack gap="lg">
        <Title order={1}>You are invited</Title>
        {code ? (
          <JoinForm code={code} onJoined={() => void navigate({ to: "/login", replace: true })} />
        ) : (
          <Notice tone="warning" role="status" title="The address is incomplete">
            Copy the whole link from the invitation, with what stands behind the #.
          </Notice>
        )}
      </Stack>
    </Container>
  );
}
