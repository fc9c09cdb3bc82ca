/** What went into a composition and what came out: experts in their slots, decisions, files. */
import { Code, Group, List, Stack, Text } from "@mantine/core";
import type { Composition } from "@/api/types";
import { Digest } from "@/components/Digest";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { Section } from "@/components/Section";
import { count, size } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { WideTable } from "@/components/WideTable";
import { LicenceMatrix } from "@/features/compositions/LicenceMatrix";
import { Validation } from "@/features/compositions/Validation";

const ENDED_WITHOUT_MODEL = ["refused", "failed", "cancelled"];

export function CompositionFacts({ composition }: { composition: Composition }) {
  const hasModel = !ENDED_WITHOUT_MODEL.includes(composition.state);
  return (
    <>
      {hasModel && (
        <Section title="Experts in it" about="Slot 0 is the anchor's own public expert.">
          <Inclusions inclusions={composition.inclusions} />
        </Section>
      )}
      {composition.decisions.length > 0 && (
        <Section title="Decisions" about="What the policies answered for each expert.">
          <Decisions decisions={composition.decisions} />
        </Section>
      )}
      {(hasModel || composition.licences.conflicts.length > 0) && (
        <Section title="Licences together" about="What the licences of all its parts ask of whoever has the model.">
          <LicenceMatrix licences={composition.licences} />
        </Section>
      )}
      {hasModel && (
        <Section title="Files">
          <Files files={composition.files} />
        </Section>
      )}
      {Object.keys(composition.validation).length > 0 && (
        <Section title="Validation" about="Measured on a public text before it was published.">
          <Validation composition={composition} />
        </Section>
      )}
    </>
  );
}

function Inclusions({ inclusions }: { inclusions: Composition["inclusions"] }) {
  if (inclusions.length === 0) return <Text c="dimmed">Only the anchor's public expert.</Text>;
  const bySlot = [...inclusions].sort((one, other) => one.slot - other.slot);
  return (
    <RowList label="Experts in it">
      {bySlot.map(({ expert, version, slot, version_id: id }) => (
        <li key={slot}>
          <Group gap="sm">
            <Code>slot {slot}</Code>
            <PageLink to="/versions/$id" params={{ id }}>
              {expert}, version {version}
            </PageLink>
          </Group>
        </li>
      ))}
    </RowList>
  );
}

function Decisions({ decisions }: { decisions: Composition["decisions"] }) {
  return (
    <RowList label="Decisions">
      {decisions.map(({ expert, version, allowed, reasons, set_hash: set }) => (
        <li key={`${expert}@${version}`}>
          <Stack gap={4}>
            <Group gap="sm">
              <StateBadge state={allowed ? "approved" : "refused"} words={allowed ? "Allowed" : "Refused"} />
              <Text>
                {expert}, version {version}
              </Text>
            </Group>
            {reasons.length > 0 && (
              <List size="sm">
                {reasons.map(({ policy, reason }) => (
                  <List.Item key={policy}>
                    {reason} <Code>{policy}</Code>
                  </List.Item>
                ))}
              </List>
            )}
            <Text size="sm" c="dimmed" component="div">
              Policy set <Digest value={set} what="policy set hash" />
            </Text>
          </Stack>
        </li>
      ))}
    </RowList>
  );
}

function Files({ files }: { files: Composition["files"] }) {
  if (files.length === 0) return <Text c="dimmed">They appear when the model is assembled.</Text>;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {count(files.length, "file")}, {size(total)} together
      </Text>
      <FileTable files={files} />
    </Stack>
  );
}

function FileTable({ files }: { files: Composition["files"] }) {
  return (
    <WideTable label="Files" width={480} columns={["File", "Size", "Digest"]}>
      {files.map((file) => (
        <tr key={file.path}>
          <td>{file.path}</td>
          <td>{size(file.size)}</td>
          <td>
            <Digest value={file.digest} what={`digest of ${file.path}`} />
          </td>
        </tr>
      ))}
    </WideTable>
  );
}
