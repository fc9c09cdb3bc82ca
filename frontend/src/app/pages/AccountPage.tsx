/** One's API tokens, and the signing keys of the organisations one owns for. */
import { organisationsWith, usePerson } from "@/api/session";
import { Page } from "@/components/Page";
import { Keys } from "@/features/accounts/Keys";
import { Tokens } from "@/features/accounts/Tokens";

export function AccountPage() {
  const person = usePerson();
  return (
    <Page title="Tokens and keys" about="What programs sign in with, and what packages are signed with.">
      <Tokens />
      {organisationsWith(person, "owner").map(({ slug, name }) => (
        <Keys key={slug} organisation={slug} name={name} />
      ))}
    </Page>
  );
}
