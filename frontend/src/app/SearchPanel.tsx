/** What was found, as links under the words that were written. */
import { Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { Expert, Model } from "@/api/types";
import { PageLink } from "@/components/PageLink";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { useModelsNamed } from "@/features/compositions/api";
import { useExperts } from "@/features/experts/api";

const PAUSE_MS = 200;
const MOST = 6;
const LONGEST = 200;

export function SearchPanel({ onGone }: { onGone: () => void }) {
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), PAUSE_MS);
  const panel = useRef<HTMLDivElement>(null);

  /** The arrows go from the field to the links and back; Enter in the field takes the first. */
  function handleKey(event: KeyboardEvent) {
    const stops = [...(panel.current?.querySelectorAll<HTMLElement>("input, a") ?? [])];
    const at = stops.findIndex((stop) => stop === document.activeElement);
    if (event.key === "Enter" && at === 0) {
      event.preventDefault();
      stops[1]?.click();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    stops[Math.min(stops.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))]?.focus();
  }

  return (
    // The keys are heard for the field and the links in it.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={panel} onKeyDown={handleKey}>
      <Stack>
        <TextInput
          data-autofocus
          type="search"
          label="Experts and models"
          description="Words of a name, a title or a domain."
          maxLength={LONGEST}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {asked && <Found q={asked} onGone={onGone} />}
      </Stack>
    </div>
  );
}

function Found({ q, onGone }: { q: string; onGone: () => void }) {
  const experts = useExperts({ q });
  const models = useModelsNamed(q);
  const fault = experts.error ?? models.error;
  if (fault) return <RefusalNotice error={fault} />;
  const found = experts.data && models.data;
  return (
    <Stack>
      <Text size="sm" c="dimmed" role="status">
        {found
          ? `${told(experts.data.length, experts.hasNextPage, "expert")}, ${told(models.data.length, models.hasNextPage, "model")}.`
          : "Searching…"}
      </Text>
      {experts.data && experts.data.length > 0 && (
        <Kind title="Experts" more={experts.data.length > MOST && <AllExperts q={q} onGone={onGone} />}>
          {experts.data.slice(0, MOST).map((expert) => (
            <ExpertRow key={expert.id} expert={expert} onGone={onGone} />
          ))}
        </Kind>
      )}
      {models.data && models.data.length > 0 && (
        <Kind title="Models" more={null}>
          {models.data.slice(0, MOST).map((model) => (
            <ModelRow key={model.full_name} model={model} onGone={onGone} />
          ))}
        </Kind>
      )}
    </Stack>
  );
}

function told(many: number, more: boolean, what: string): string {
  return more ? `more than ${count(many, what)}` : count(many, what);
}

function Kind({ title, more, children }: { title: string; more: ReactNode; children: ReactNode }) {
  return (
    <Stack gap="xs">
      <Title order={3}>{title}</Title>
      <RowList label={title}>{children}</RowList>
      {more}
    </Stack>
  );
}

function ExpertRow({ expert, onGone }: { expert: Expert; onGone: () => void }) {
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <Stack gap={0} miw={0}>
          <PageLink to="/experts/$org/$name" params={{ org: expert.organisation, name: expert.name }} fw={600} underline="hover" onClick={onGone}>
            {expert.title}
          </PageLink>
          <Text size="sm" c="dimmed">
            {expert.full_name}, {expert.domain}
          </Text>
        </Stack>
        {expert.latest && <StateBadge state={expert.latest.state} />}
      </Group>
    </li>
  );
}

function ModelRow({ model, onGone }: { model: Model; onGone: () => void }) {
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <PageLink
          to="/models/$org/$name"
          params={{ org: model.organisation, name: model.name }}
          fw={600}
          underline="hover"
          onClick={onGone}
          style={{ overflowWrap: "anywhere" }}
        >
          {model.full_name}
        </PageLink>
        {model.latest && <StateBadge state={model.latest.state} />}
      </Group>
    </li>
  );
}

function AllExperts({ q, onGone }: { q: string; onGone: () => void }) {
  return (
    <PageLink to="/experts" search={{ q }} size="sm" onClick={onGone}>
      All of them in the catalogue
    </PageLink>
  );
}
