/** The certificate of a withdrawal, to read, to print and to take away. */
import { getRouteApi } from "@tanstack/react-router";
import { Answered } from "@/components/Answered";
import { Page } from "@/components/Page";
import { useCertificate } from "@/features/withdrawals/api";
import { CertificateSheet } from "@/features/withdrawals/CertificateSheet";

const route = getRouteApi("/signed-in/withdrawals/$id/certificate");

export function CertificatePage() {
  const { id } = route.useParams();
  const certificate = useCertificate(id);
  return (
    <Page title="Certificate of withdrawal" about="What was taken back, what was done about it, and what nobody can undo.">
      <Answered query={certificate} what="certificate">
        {(bundle) => <CertificateSheet id={id} bundle={bundle} />}
      </Answered>
    </Page>
  );
}
