/** One guide, for one kind of person. */
import { getRouteApi } from "@tanstack/react-router";
import { guideOf } from "@/app/guides";
import { NotFoundPage } from "@/app/pages/NotFoundPage";
import { Markdown } from "@/components/Markdown";
import { Page } from "@/components/Page";

const route = getRouteApi("/open/guides/$name");

export function GuidePage() {
  const guide = guideOf(route.useParams().name);
  if (!guide) return <NotFoundPage />;
  return (
    <Page title={guide.title}>
      <Markdown text={guide.text} />
    </Page>
  );
}
