/** Everything that speaks for a version, on one page: for its owner, for compliance, for whoever wants to use it. */
import type { ReactNode } from "react";
import type { Version } from "@/api/types";
import { Section } from "@/components/Section";
import { ConsentCard } from "@/features/evidence/ConsentCard";
import { Documents } from "@/features/evidence/Documents";
import { LicenceCard } from "@/features/evidence/LicenceCard";
import { ProvenanceCard } from "@/features/evidence/ProvenanceCard";
import { Receipts } from "@/features/evidence/Receipts";
import { CardFacts } from "@/features/experts/CardFacts";
import { Checks } from "@/features/experts/Checks";
import { Figures } from "@/features/experts/Figures";
import { readReport } from "@/features/experts/report";
import { VersionFacts } from "@/features/experts/VersionFacts";
import { VersionFiles } from "@/features/experts/VersionFiles";

interface EvidenceProps {
  version: Version;
  /** Whoever looks at it may read its documents. */
  documents: boolean;
  /** What stands with the licence, for whoever reads it closely. */
  besideLicence?: ReactNode;
}

export function Evidence({ version, documents, besideLicence }: EvidenceProps) {
  const report = readReport(version.report);
  return (
    <>
      <Section title="Licence">
        <LicenceCard licence={version.licence} />
      </Section>
      {besideLicence}
      <Section title="Consent" about="Asked again at every build and every download.">
        <ConsentCard consent={version.consent} />
      </Section>
      {documents && (
        <Section title="Documents" about="Read by its owner's people, its reviewers and auditors; by nobody else.">
          <Documents versionId={version.id} />
        </Section>
      )}
      {documents && (
        <Section title="Receipts" about="Signed when the consent was given and when it ends; `guildhall verify receipt` checks them.">
          <Receipts versionId={version.id} name={`${version.expert}@${version.number}`} />
        </Section>
      )}
      <Section title="Provenance">
        <ProvenanceCard
          provenance={version.provenance}
          refused={version.checks.find(({ name, ok }) => name === "signature" && !ok)?.detail}
        />
      </Section>
      <Section title="Checks" about="What the registry found when it read the package.">
        <Checks checks={version.checks} />
      </Section>
      {report && (
        <Section title="Figures" about="Measured by the registry, beside the anchor.">
          <Figures report={report} />
        </Section>
      )}
      {Object.keys(version.card).length > 0 && (
        <Section title="What the owner says of it" about="From the package; measured by the owner, not by the registry.">
          <CardFacts card={version.card} dataCard={version.data_card} />
        </Section>
      )}
      <Section title="The version">
        <VersionFacts version={version} />
      </Section>
      <Section title="Files">
        <VersionFiles files={version.files} />
      </Section>
    </>
  );
}
