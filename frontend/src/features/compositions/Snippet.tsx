/** How to load a published model with the tools one already has. */
import { Stack, Text } from "@mantine/core";
import { CopyBlock } from "@/components/CopyBlock";
import { PageLink } from "@/components/PageLink";

export function Snippet({ model, revision }: { model: string; revision: string }) {
  return (
    <Stack>
      <Text size="sm">
        Only the endpoint changes. The token is one of <PageLink to="/account">yours</PageLink>.
      </Text>
      <CopyBlock title="In Python, with transformers" text={python(model, revision)} />
      <CopyBlock title="In a shell" text={shell(model, revision)} />
    </Stack>
  );
}

export function python(model: string, revision: string): string {
  return [
    "import os",
    "",
    `os.environ["HF_ENDPOINT"] = "${window.location.origin}"`,
    'os.environ["HF_TOKEN"] = "gh_..."  # your token',
    "",
    "from transformers import AutoModelForCausalLM, AutoTokenizer",
    "",
    `tokenizer = AutoTokenizer.from_pretrained("${model}")`,
    `model = AutoModelForCausalLM.from_pretrained("${model}")`,
    `# exactly this build: from_pretrained("${model}", revision="${revision}")`,
  ].join("\n");
}

function shell(model: string, revision: string): string {
  return [
    `export HF_ENDPOINT=${window.location.origin} HF_TOKEN=gh_...`,
    `hf download ${model} --revision ${revision}`,
  ].join("\n");
}
