/** The log, for everybody who is signed in. */
import { getRouteApi } from "@tanstack/react-router";
import { Page } from "@/components/Page";
import { Log } from "@/features/audit/Log";

const route = getRouteApi("/signed-in/log");

export function LogPage() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Log" about="Everything that happened here, written together with the deed itself, and never changed afterwards.">
      <Log filters={filters} onChange={(changed) => void navigate({ search: { ...changed }, replace: true })} />
    </Page>
  );
}
