/** To whoever has a copy of a model: which of its experts left, when, on what ground, and what to do about it. */
import { List, Stack, Text } from "@mantine/core";
import type { Composition, ModelDetail } from "@/api/types";
import { Section } from "@/components/Section";
import { PageLink } from "@/components/PageLink";
import { When } from "@/components/When";
import { useComposition } from "@/features/compositions/api";
import { useVersion } from "@/features/experts/api";
import { useWithdrawal } from "@/features/withdrawals/api";
import { BASES, CAUSES, inWords } from "@/features/withdrawals/bases";

type Inclusion = Composition["inclusions"][number];

/** The same on a model's page, of the build that was withdrawn last. */
export function WithdrawnExpertsOf({ id, model }: { id: string; model: ModelDetail }) {
  const composition = useComposition(id).data;
  return composition ? <WithdrawnExperts composition={composition} model={model} /> : null;
}

export function WithdrawnExperts({ composition, model }: { composition: Composition; model: ModelDetail }) {
  return (
    <Section title="What changed, and what to do">
      <List size="sm" spacing={4}>
        {composition.inclusions.map((inclusion) => (
          <Left key={inclusion.version_id} inclusion={inclusion} />
        ))}
        <List.Item>
          <Now model={model} />
        </List.Item>
        <List.Item>
          Delete every copy of revision <code>{composition.revision.slice(0, 12)}</code>: downloads, caches (<code>hf cache</code>),
          and what was tuned from it.
        </List.Item>
        <List.Item>
          Then say so under <PageLink to="/notices">Notices</PageLink>: the certificate of the withdrawal names who has acknowledged.
        </List.Item>
      </List>
      <Text size="sm" c="dimmed">
        The certificate is its owner&apos;s to hand on; <PageLink to="/verify">check it here</PageLink>.
      </Text>
    </Section>
  );
}

function Now({ model: { main, compositions } }: { model: ModelDetail }) {
  if (!main) return <>The model has no main now. Request it again, with other experts.</>;
  const build = compositions.find(({ revision }) => revision === main.revision);
  const name = main.revision.slice(0, 12);
  return (
    <>
      The model is now revision{" "}
      {build ? (
        <PageLink to="/compositions/$id" params={{ id: build.id }} ff="monospace">
          {name}
        </PageLink>
      ) : (
        <code>{name}</code>
      )}
      , without it. Load it again without naming a revision, or pin the new one.
    </>
  );
}

function Left({ inclusion }: { inclusion: Inclusion }) {
  const version = useVersion(inclusion.version_id).data;
  return version?.state === "withdrawn" ? <LeftItem inclusion={inclusion} /> : null;
}

function LeftItem({ inclusion: { expert, version, version_id: id } }: { inclusion: Inclusion }) {
  const withdrawal = useWithdrawal(id).data;
  return (
    <List.Item>
      <Stack gap={0}>
        <span>
          <PageLink to="/versions/$id" params={{ id }}>
            {expert}, version {version}
          </PageLink>{" "}
          left
          {withdrawal && (
            <>
              {" "}
              <When at={withdrawal.requested_at} />: {inWords(CAUSES, withdrawal.cause)}; {inWords(BASES, withdrawal.legal_basis)}
            </>
          )}
          .
        </span>
      </Stack>
    </List.Item>
  );
}
