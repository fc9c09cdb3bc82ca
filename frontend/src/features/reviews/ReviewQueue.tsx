/** What waits for a decision, the longest waiting first, so that what is overdue leads. One's own organisation's is shown, for others to decide. */
import { Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { PageLink } from "@/components/PageLink";
import { RowList } from "@/components/RowList";
import { useShortcuts } from "@/components/shortcuts";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { useReviewQueue } from "@/features/reviews/api";

/** Up and down the queue by keyboard; Enter opens, as on every link. */
const KEYS = [
  { key: "j", words: "The next version in the queue", act: () => step(1) },
  { key: "k", words: "The one before", act: () => step(-1) },
];

function step(by: 1 | -1) {
  const links = [...document.querySelectorAll<HTMLElement>("[data-queue] a")];
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by]?.focus();
}

export function ReviewQueue() {
  const queue = useReviewQueue();
  useShortcuts("Review queue", KEYS);
  return (
    <Answered query={queue} what="review queue">
      {(items) =>
        items.length === 0 ? (
          <Empty title="Nothing waits for review">
            A version appears here when its owner has submitted it and the registry has verified its files.
          </Empty>
        ) : (
          <Stack data-queue>
            <RowList label="Waiting for review">
              {items.map((item) => (
                <li key={item.version.id}>
                  <Group justify="space-between" gap="sm">
                    <Stack gap={2} miw={0}>
                      <PageLink to="/reviews/$id" params={{ id: item.version.id }} fw={600} underline="hover">
                        {item.expert}, version {item.version.number}
                      </PageLink>
                      <Text size="sm" c="dimmed">
                        {item.domain}, {item.version.licence}
                        , waiting since <When at={item.waiting_since} />, due <When at={item.due_at} />
                        {item.claim && `, claimed by ${item.claim.mine ? "you" : item.claim.reviewer}`}
                      </Text>
                    </Stack>
                    <Group gap="xs">
                      {item.overdue && <StateBadge state="failed" words="Overdue" />}
                      {item.mine ? (
                        <StateBadge state="draft" words="Your organisation's: others decide" />
                      ) : (
                        <StateBadge state={item.version.state} />
                      )}
                    </Group>
                  </Group>
                </li>
              ))}
            </RowList>
            <MoreButton query={queue} />
          </Stack>
        )
      }
    </Answered>
  );
}
