/** A drafted version on its way: the bytes first, then the registry's checks as they come in. */
import { Group } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { PageButton } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { useVersion } from "@/features/experts/api";
import { Checks } from "@/features/experts/Checks";
import { UploadPanel } from "@/features/experts/upload/UploadPanel";
import { VersionState } from "@/features/experts/VersionState";

interface UploadRunProps {
  id: string;
  files: readonly File[] | undefined;
}

export function UploadRun({ id, files }: UploadRunProps) {
  const version = useVersion(id);
  return (
    <Answered query={version} what="draft">
      {(found) => (
        <>
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
