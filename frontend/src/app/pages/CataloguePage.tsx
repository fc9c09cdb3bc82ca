/** The catalogue of experts; its filters live in the address, so that a view can be sent to somebody. */
import { getRouteApi } from "@tanstack/react-router";
import { hasRole, usePerson } from "@/api/session";
import { Page } from "@/components/Page";
import { PageButton } from "@/components/PageLink";
import { Catalogue } from "@/features/experts/Catalogue";

const route = getRouteApi("/signed-in/experts");

export function CataloguePage() {
  const facets = route.useSearch();
  const navigate = route.useNavigate();
  const person = usePerson();

  return (
    <Page
      title="Experts"
      about="What organisations have trained beside a public model, each on data that stayed at home."
      actions={hasRole(person, "owner") && <PageButton to="/upload">Upload an expert</PageButton>}
    >
      <Catalogue
        facets={facets}
        onChange={(changed) => void navigate({ search: { ...changed }, replace: true })}
      />
    </Page>
  );
}
