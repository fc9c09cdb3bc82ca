/** The models one may see, each with what it is for and where its main stands. */
import { Group, Stack, Text } from "@mantine/core";
import type { Model } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { count } from "@/components/sizes";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useModels } from "@/features/compositions/api";
import { inWords } from "@/features/compositions/selector";

export function ModelList() {
  const models = useModels();
  return (
    <Answered query={models} what="models">
      {(found) =>
        found.length === 0 ? (
          <Empty title="No models yet">
            A model is a standing request: say what for, choose experts, and it is composed within minutes.
          </Empty>
        ) : (
          <Stack>
            <RowList label="Models">
              {found.map((model) => (
                <li key={model.id}>
                  <ModelRow model={model} />
                </li>
              ))}
            </RowList>
            <MoreButton query={models} />
          </Stack>
        )
      }
    </Answered>
  );
}

function ModelRow({ model }: { model: Model }) {
  const purposes = useVocabulary().data?.purposes;
  return (
    <Group justify="space-between" gap="sm">
      <Stack gap={2} miw={0}>
        <PageLink to="/models/$org/$name" params={{ org: model.organisation, name: model.name }} fw={600} underline="hover">
          {model.full_name}
        </PageLink>
        <Text size="sm" c="dimmed">
          {nameOf(purposes, model.purpose)}; {model.selector ? inWords(model.selector) : count(model.experts.length, "expert")} on{" "}
          {model.anchor}
          {model.main?.published_at && (
            <>
              ; main published <When at={model.main.published_at} />
            </>
          )}
        </Text>
      </Stack>
      {model.latest && <StateBadge state={model.latest.state} />}
    </Group>
  );
}
