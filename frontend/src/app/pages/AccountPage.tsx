/** How one signs in; one's API tokens, and the signing keys of the organisations one owns for. */
import { organisationsWith, usePerson } from "@/api/session";
import { Page } from "@/components/Page";
import { Keys } from "@/features/accounts/Keys";
import { Passkeys } from "@/features/accounts/Passkeys";
import { Password } from "@/features/accounts/Password";
import { SecondSteps } from "@/features/accounts/SecondSteps";
import { Sessions } from "@/features/accounts/Sessions";
import { Tokens } from "@/features/accounts/Tokens";

export function AccountPage() {
  const person = usePerson();
  return (
    <Page title="Your account" about="How you sign in, what programs sign in with, and what packages are signed with.">
      <SecondSteps />
      <Passkeys />
      <Password />
      <Sessions />
      <Tokens />
      {organisationsWith(person, "owner").map(({ slug, name }) => (
        <Keys key={slug} organisation={slug} name={name} />
      ))}
    </Page>
  );
}
