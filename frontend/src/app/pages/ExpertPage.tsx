/** One expert: what it is, whose, and every version of it. */
import { getRouteApi } from "@tanstack/react-router";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { Facts } from "@/components/Facts";
import { Page } from "@/components/Page";
import { PageButton, PageLink } from "@/components/PageLink";
import { Section } from "@/components/Section";
import { When } from "@/components/When";
import { useExpert } from "@/features/experts/api";
import { LineageGraph } from "@/features/experts/LineageGraph";
import { VersionList } from "@/features/experts/VersionList";

const route = getRouteApi("/signed-in/experts/$org/$name");

export function ExpertPage() {
  const { org, name } = route.useParams();
  const expert = useExpert(org, name);

  return (
    <Answered query={expert} what="expert">
      {(found) => (
        <Page
          title={found.title}
          about={found.description}
          actions={
            found.may.upload && (
              <PageButton to="/upload" search={{ expert: found.full_name }}>
                Upload a new version
              </PageButton>
            )
          }
        >
          <Section title="The expert">
            <Facts
              facts={[
                ["Name", found.full_name],
                [
                  "Organisation",
                  <PageLink key="organisation" to="/experts" search={{ organisation: found.organisation }}>
                    {found.organisation}
                  </PageLink>,
                ],
                ["Domain", found.domain],
                ["Anchor", found.anchor],
                ["Registration", found.registration ? `number ${found.registration} for this anchor` : "given at the first approval"],
                ["Named", <When key="named" at={found.created_at} />],
                [
                  "In the log",
                  <PageLink key="log" to="/log" search={{ about: `expert:${found.full_name}` }}>
                    What happened to it
                  </PageLink>,
                ],
              ]}
            />
          </Section>
          <Section title="Where it went" about="From its data to whoever uses it. Struck through: taken out, or no longer held.">
            <LineageGraph organisation={org} name={name} />
          </Section>
          <Section title="Versions">
            {found.versions.length === 0 ? (
              <Empty title="No version yet">Nothing has been uploaded under this name.</Empty>
            ) : (
              <VersionList versions={found.versions} />
            )}
          </Section>
        </Page>
      )}
    </Answered>
  );
}
