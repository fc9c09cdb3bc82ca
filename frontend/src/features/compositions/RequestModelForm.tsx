/** Asks for a model: for which purpose, with which experts, and what is to happen when one of them is withdrawn. */
import { Button, Checkbox, Group, NumberInput, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useSessionStorage } from "@mantine/hooks";
import { useState, type SubmitEvent } from "react";
import type { Anchor, ModelDetail, Vocabulary } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Choice } from "@/components/Choice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { useExplanation, useRequestModel } from "@/features/compositions/api";
import { ExpertChoice } from "@/features/compositions/ExpertChoice";
import { unsaid, type ModelWish } from "@/features/compositions/wish";

interface RequestModelFormProps {
  anchors: readonly Anchor[];
  organisations: readonly { slug: string; name: string }[];
  purposes: Vocabulary["purposes"];
  onRequested: (model: ModelDetail) => void;
}

export function RequestModelForm({ anchors, organisations, purposes, onRequested }: RequestModelFormProps) {
  // Kept in this tab: whoever has to sign in again finds what they began.
  const [wish, setWish, forget] = useSessionStorage<ModelWish>({
    key: "model-wish",
    defaultValue: {
      organisation: organisations[0]?.slug ?? "",
      name: "",
      anchor: anchors.length === 1 ? (anchors[0]?.slug ?? "") : "",
      purpose: "",
      experts: [],
      topK: 2,
      onWithdrawal: "recompose",
      tuning: false,
    },
    getInitialValueInEffect: false,
  });
  const [tried, setTried] = useState(false);
  const { organisation, anchor, purpose } = wish;
  const explanation = useExplanation({ organisation, anchor, purpose });
  const request = useRequestModel();
  const faults = unsaid(wish);
  const shown = tried ? faults : {};

  function set(change: Partial<ModelWish>) {
    setWish((now) => ({ ...now, ...change }));
  }

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    const { name, experts, topK, onWithdrawal, tuning } = wish;
    const body = { anchor, experts, purpose, top_k: topK, on_withdrawal: onWithdrawal, tuning };
    request.mutate({ org: organisation, name, body }, {
      onSuccess: (model) => {
        forget();
        onRequested(model);
      },
    });
  }

  return (
    <form onSubmit={handleSubmit} noValidate aria-label="Request a model" style={{ display: "contents" }}>
      <Section title="What for">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Choice
            label="Organisation"
            required
            data={organisations.map(({ slug, name }) => ({ value: slug, label: name }))}
            value={organisation || null}
            error={shown.organisation}
            onChange={(value) => set({ organisation: value ?? "", experts: [] })}
          />
          <TextInput
            label="Name"
            placeholder="reading-room"
            required
            value={wish.name}
            error={shown.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <Choice
            label="Anchor"
            description="The public model that the experts stand beside"
            inputWrapperOrder={["label", "input", "description", "error"]}
            required
            data={anchors.map(({ slug, name }) => ({ value: slug, label: name }))}
            value={anchor || null}
            error={shown.anchor}
            onChange={(value) => set({ anchor: value ?? "", experts: [] })}
          />
          <Choice
            label="Purpose"
            description={purposes.find(({ id }) => id === purpose)?.description ?? "The policies decide by it"}
            inputWrapperOrder={["label", "input", "description", "error"]}
            required
            data={purposes.map(({ id, name }) => ({ value: id, label: name }))}
            value={purpose || null}
            error={shown.purpose}
            onChange={(value) => set({ purpose: value ?? "", experts: [] })}
          />
        </SimpleGrid>
      </Section>
      <Section title="Experts" about="What the policies allow for this purpose, and the reason beside each one they refuse.">
        {organisation && anchor && purpose ? (
          <Answered query={explanation} what="experts">
            {({ experts }) => (
              <ExpertChoice explained={experts} chosen={wish.experts} onChange={(chosen) => set({ experts: chosen })} />
            )}
          </Answered>
        ) : (
          <Text c="dimmed">Choose an anchor and a purpose first.</Text>
        )}
        {shown.experts && (
          <Text c="var(--mantine-color-error)" size="sm" role="alert">
            {shown.experts}
          </Text>
        )}
      </Section>
      <Section title="How it runs">
        <Stack>
          <NumberInput
            label="Experts asked for each token"
            description="The public expert counts as one"
            inputWrapperOrder={["label", "input", "description", "error"]}
            min={1}
            max={wish.experts.length + 1}
            maw="16rem"
            allowDecimal={false}
            value={wish.topK}
            onChange={(value) => set({ topK: Number(value) || 1 })}
          />
          <Checkbox
            label="Tune the router on public text"
            description="It takes minutes, and may choose better among many experts. Something of each expert is left in the router, so a withdrawal tunes it anew."
            checked={wish.tuning}
            onChange={(event) => set({ tuning: event.currentTarget.checked })}
          />
          <Radio.Group
            label="When an expert in it is withdrawn"
            value={wish.onWithdrawal}
            onChange={(value) => set({ onWithdrawal: value === "close" ? "close" : "recompose" })}
          >
            <Stack gap="xs" mt="xs">
              <Radio
                value="recompose"
                label="Compose it again without the expert"
                description="main moves to the new revision by itself, within minutes; the old one is no longer served."
              />
              <Radio
                value="close"
                label="Leave it without a main"
                description="Nothing is served until you ask for a model again."
              />
            </Stack>
          </Radio.Group>
        </Stack>
      </Section>
      {request.error && <RefusalNotice error={request.error} />}
      <Group justify="flex-end">
        <Button type="submit" size="md" loading={request.isPending}>
          Request the model
        </Button>
      </Group>
    </form>
  );
}
