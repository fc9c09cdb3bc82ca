/** What reviewers have said, in their words. */
import { Stack, Text } from "@mantine/core";
import type { Review } from "@/api/types";
import { RowList } from "@/components/RowList";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";

export function ReviewList({ reviews }: { reviews: readonly Review[] }) {
  return (
    <RowList label="Reviews">
      {reviews.map((review) => (
        <li key={review.id}>
          <Stack gap={4}>
            <Text size="sm" component="div">
              <StateBadge state={review.verdict === "approve" ? "approved" : "rejected"} /> by {review.reviewer},{" "}
              <When at={review.created_at} />
            </Text>
            <Text style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>{review.reason}</Text>
          </Stack>
        </li>
      ))}
    </RowList>
  );
}
