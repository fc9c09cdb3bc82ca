/** Which role, and where. */
import type { Role } from "@/api/types";
import { Choice } from "@/components/Choice";
import { ROLES, useOrganisations } from "@/features/accounts/administration";

export interface RoleWish {
  organisation: string;
  role: Role;
}

export function RoleChoice({ wish, onChange }: { wish: RoleWish; onChange: (wish: RoleWish) => void }) {
  const organisations = useOrganisations().data ?? [];
  return (
    <>
      <Choice
        label="Role"
        data={ROLES}
        value={wish.role}
        onChange={(role) => role && onChange({ ...wish, role })}
      />
      <Choice
        label="Organisation"
        data={organisations.map(({ slug, name }) => ({ value: slug, label: name }))}
        value={wish.organisation || null}
        onChange={(organisation) => onChange({ ...wish, organisation: organisation ?? "" })}
      />
    </>
  );
}
