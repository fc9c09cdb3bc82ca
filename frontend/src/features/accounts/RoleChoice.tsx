/** Which role, and where. */
import { Select } from "@mantine/core";
import type { Role } from "@/api/types";
import { ROLES, useOrganisations } from "@/features/accounts/administration";

export interface RoleWish {
  organisation: string;
  role: Role;
}

export function RoleChoice({ wish, onChange }: { wish: RoleWish; onChange: (wish: RoleWish) => void }) {
  const organisations = useOrganisations().data ?? [];
  return (
    <>
      <Select
        label="Role"
        data={ROLES}
        allowDeselect={false}
        value={wish.role}
        onChange={(role) => role && onChange({ ...wish, role })}
      />
      <Select
        label="Organisation"
        searchable
        data={organisations.map(({ slug, name }) => ({ value: slug, label: name }))}
        value={wish.organisation || null}
        onChange={(organisation) => onChange({ ...wish, organisation: organisation ?? "" })}
      />
    </>
  );
}
