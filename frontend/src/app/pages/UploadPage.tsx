/** Bringing an expert: its name, the package, the evidence; then the bytes, and the registry's own look at them. */
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { hasRole, usePerson } from "@/api/session";
import { UploadForm } from "@/app/upload/UploadForm";
import { UploadRun } from "@/app/upload/UploadRun";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";

const route = getRouteApi("/signed-in/upload");

export function UploadPage() {
  const { expert, version } = route.useSearch();
  const navigate = route.useNavigate();
  const person = usePerson();
  const [files, setFiles] = useState<readonly File[] | undefined>(undefined);
  const [notTaken, setNotTaken] = useState<readonly string[]>([]);

  return (
    <Page
      title="Upload an expert"
      about="The weights go straight to the registry's object store. The data they were trained on stays with you."
    >
      {!hasRole(person, "owner") ? (
        <Empty title="Only owners upload">Ask the operator for the role of owner in your organisation.</Empty>
      ) : version ? (
        <UploadRun id={version} files={files} notTaken={notTaken} />
      ) : (
        <UploadForm
          person={person}
          expert={expert}
          onDrafted={(id, chosen, refusals) => {
            setFiles(chosen);
            setNotTaken(refusals);
            // In the address, so that a reload finds the draft again.
            void navigate({ search: { version: id }, replace: true });
          }}
        />
      )}
    </Page>
  );
}
