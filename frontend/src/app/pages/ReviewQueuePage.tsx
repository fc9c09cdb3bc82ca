/** What waits for a compliance decision. */
import { Page } from "@/components/Page";
import { ReviewQueue } from "@/features/reviews/ReviewQueue";
import { Section } from "@/components/Section";

export function ReviewQueuePage() {
  return (
    <Page title="Review queue" about="Versions whose files are verified. Nobody decides on an asset of their own organisation.">
      <Section title="Waiting">
        <ReviewQueue />
      </Section>
    </Page>
  );
}
