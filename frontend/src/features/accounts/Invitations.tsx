/** Inviting somebody by a link that is shown once, and by mail where there is a mail server. */
import { Button, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { Invitation } from "@/api/types";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { CopyBlock } from "@/components/CopyBlock";
import { day } from "@/components/dates";
import { MoreButton } from "@/components/MoreButton";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/StateBadge";
import { useInvitations, useInvite, useRevokeInvitation } from "@/features/accounts/administration";
import { RoleChoice, type RoleWish } from "@/features/accounts/RoleChoice";

const DAYS = 14;

export function Invitations() {
  const invitations = useInvitations();
  return (
    <Section title="Invitations" about="Whoever is invited chooses a name and a password, and holds the role at once.">
      <Invite />
      <Answered query={invitations} what="invitations">
        {(found) =>
          found.length === 0 ? (
            <Text c="dimmed">Nobody was invited yet.</Text>
          ) : (
            <RowList label="Invitations">
              {found.map((invitation) => (
                <InvitationRow key={invitation.id} invitation={invitation} />
              ))}
            </RowList>
          )
        }
      </Answered>
      <MoreButton query={invitations} />
    </Section>
  );
}

function Invite() {
  const [email, setEmail] = useState("");
  const [wish, setWish] = useState<RoleWish>({ organisation: "", role: "owner" });
  const [mail, setMail] = useState(false);
  const invite = useInvite();

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    invite.mutate({ email: email.trim(), mail, days: DAYS, ...wish }, { onSuccess: () => setEmail("") });
  }

  return (
    <Stack>
      <form onSubmit={handleSubmit} aria-label="Invite somebody">
        <Stack gap="sm">
          <Group align="flex-end" gap="sm">
            <TextInput
              label="E-mail"
              type="email"
              required
              maxLength={254}
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <RoleChoice wish={wish} onChange={setWish} />
            <Button type="submit" loading={invite.isPending} disabled={!email.trim() || !wish.organisation}>
              Invite
            </Button>
          </Group>
          <Checkbox label="Send the link by mail too" checked={mail} onChange={(event) => setMail(event.currentTarget.checked)} />
        </Stack>
      </form>
      {invite.error && <RefusalNotice error={invite.error} />}
      {invite.data && (
        <Notice tone="good" role="status" title="Copy the link now: it is shown only once">
          <CopyBlock title={invite.data.email} text={invite.data.link} />
          <Text size="sm">{invite.data.mailed ? "It was sent by mail too." : "It was not sent by mail; hand it on yourself."}</Text>
        </Notice>
      )}
    </Stack>
  );
}

const STATES: Record<Invitation["state"], [tone: string, words: string]> = {
  open: ["running", "Open"],
  accepted: ["approved", "Accepted"],
  revoked: ["cancelled", "Revoked"],
  expired: ["cancelled", "Expired"],
};

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const revoke = useRevokeInvitation();
  const [state, words] = STATES[invitation.state];
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={2} miw={0}>
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>
            {invitation.email}
          </Text>
          <Text size="sm" c="dimmed">
            {invitation.role} at {invitation.organisation_name}, valid until {day(invitation.expires_at)}
          </Text>
        </Stack>
        {invitation.state === "open" ? (
          <ConfirmButton
            words="Revoke"
            about={`the invitation of ${invitation.email}`}
            question="The link opens nothing any more."
            loading={revoke.isPending}
            onConfirm={() => revoke.mutate(invitation.id)}
          />
        ) : (
          <StateBadge state={state} words={words} />
        )}
      </Group>
      {revoke.error && <RefusalNotice error={revoke.error} />}
    </li>
  );
}
