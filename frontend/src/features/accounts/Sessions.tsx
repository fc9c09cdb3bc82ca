/** Where one is signed in, each to be ended. */
import { Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { momentOf, useEndSession, useSessions } from "@/features/accounts/security";

export function Sessions() {
  const end = useEndSession();
  return (
    <Section title="Sessions" about="The browsers in which you are signed in.">
      {end.error && <RefusalNotice error={end.error} />}
      <Answered query={useSessions()} what="sessions">
        {(found) => (
          <RowList label="Sessions">
            {found.map((session) => (
              <li key={session.id}>
                <Group justify="space-between" gap="sm">
                  <Stack gap={2} miw={0} maw="42rem">
                    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                      {session.user_agent}
                    </Text>
                    <Text size="sm" c="dimmed" component="div">
                      from {session.ip}, since <When at={momentOf(session.created_at)} />
                    </Text>
                  </Stack>
                  {session.is_current ? (
                    <StateBadge state="approved" words="This one" />
                  ) : (
                    <ConfirmButton
                      words="End"
                      about={`the session from ${session.ip}`}
                      question="That browser is signed out at once."
                      loading={end.isPending}
                      onConfirm={() => end.mutate(session.id)}
                    />
                  )}
                </Group>
              </li>
            ))}
          </RowList>
        )}
      </Answered>
    </Section>
  );
}
