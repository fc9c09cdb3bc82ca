/** A drafted version on its way: the bytes first, then the registry's checks as they come in. */
import { Group, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { PageButton } from "@/components/PageLink";
import { Notice } from "@/components/Notice";
import { Section } from "@/components/Section";
import { Documents } from "@/features/evidence/Documents";
import { useVersion } from "@/features/experts/api";
import { Checks } from "@/features/experts/Checks";
import { UploadPanel } from "@/features/experts/upload/UploadPanel";
import { VersionState } from "@/features/experts/VersionState";

interface UploadRunProps {
  id: string;
  files: readonly File[] | undefined;
  /** Why documents that were chosen before were not taken. */
  notTaken: readonly string[];
}

export function UploadRun({ id, files, notTaken }: UploadRunProps) {
  const version = useVersion(id);
  return (
    <Answered query={version} what="draft">
      {(found) => (
        <>
          {notTaken.length > 0 && (
            <Notice tone="warning" role="alert" title="The draft is saved, but not with all documents">
              {notTaken.map((sentence) => (
                <Text key={sentence} size="sm">
                  {sentence}
                </Text>
              ))}
            </Notice>
          )}
          {found.state === "draft" && (
            <Section title="Documents" about="What shows the consent and the licence. Reviewers read them, and nobody else outside.">
              <Documents versionId={id} />
            </Section>
          )}
          {found.state === "draft" ? (
            <Section title={`${found.expert}, version ${found.number}`} about="The draft is kept: you can stop, and come back to it.">
              <UploadPanel version={found} files={files} />
            </Section>
          ) : (
            <>
              <VersionState version={found} />
              <Section title="Checks">
                <Checks checks={found.checks} />
              </Section>
            </>
          )}
          <Group>
            <PageButton to="/versions/$id" params={{ id }} variant="default">
              Open the version
            </PageButton>
          </Group>
        </>
      )}
    </Answered>
  );
}
