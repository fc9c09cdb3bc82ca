/** Our own guides as they are written: headings, paragraphs, lists, code, links, strong and emphasised words. No HTML. */
import { Anchor, Code, List, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { CopyBlock } from "@/components/CopyBlock";
import { blocksOf, type Block } from "@/components/markdown";

export function Markdown({ text }: { text: string }) {
  return (
    <Stack gap="md" maw="46rem">
      {blocksOf(text).map((block, at) => (
        <Part key={at} block={block} />
      ))}
    </Stack>
  );
}

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      return <Title order={block.level === 1 ? 1 : block.level === 2 ? 2 : 3}>{inline(block.text)}</Title>;
    case "code":
      return <CopyBlock title="In a terminal" text={block.text} />;
    case "list":
      return (
        <List type={block.ordered ? "ordered" : "unordered"} spacing={6}>
          {block.items.map((item) => (
            <List.Item key={item}>{inline(item)}</List.Item>
          ))}
        </List>
      );
    case "paragraph":
      return <Text>{inline(block.text)}</Text>;
  }
}

const INLINE = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)\s]+\))/;

function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((part, at) => {
    if (part.startsWith("`") && part.length > 2) return <Code key={at}>{part.slice(1, -1)}</Code>;
    if (part.startsWith("**")) return <strong key={at}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("*") && part.length > 2) return <em key={at}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part);
    if (link?.[2]?.startsWith("/") === true) {
      return (
        <Anchor key={at} href={link[2]}>
          {link[1]}
        </Anchor>
      );
    }
    return link ? link[1] : part;
  });
}
