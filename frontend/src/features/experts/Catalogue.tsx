/** The experts there are, narrowed by domain, anchor, organisation, state and a word. */
import { Group, Stack, Text } from "@mantine/core";
import { Answered } from "@/components/Answered";
import { Empty } from "@/components/Empty";
import { MoreButton } from "@/components/MoreButton";
import { useExperts, type Facets } from "@/features/experts/api";
import { CatalogueFacets } from "@/features/experts/CatalogueFacets";
import { ExpertCard } from "@/features/experts/ExpertCard";
import classes from "@/features/experts/Catalogue.module.css";
import { count } from "@/components/sizes";

interface CatalogueProps {
  facets: Facets;
  onChange: (facets: Facets) => void;
}

export function Catalogue({ facets, onChange }: CatalogueProps) {
  const experts = useExperts(facets);
  const narrowed = Object.values(facets).some(Boolean);

  return (
    <Stack gap="lg">
      <CatalogueFacets facets={facets} known={experts.data ?? []} onChange={onChange} />
      <Answered query={experts} what="experts">
        {(found) =>
          found.length === 0 ? (
            <Empty title={narrowed ? "No expert fits these filters" : "There are no experts yet"}>
              {narrowed
                ? "Take a filter away, or search for another word."
                : "An expert appears here as soon as an owner has named it; it can be used once a version is approved."}
            </Empty>
          ) : (
            <Stack gap="md">
              <Group justify="space-between">
                <Text size="sm" c="dimmed" role="status">
                  {experts.hasNextPage ? `The first ${count(found.length, "expert")}` : count(found.length, "expert")}
                </Text>
              </Group>
              <ul className={classes["cards"]}>
                {found.map((expert) => (
                  <li key={expert.id}>
                    <ExpertCard expert={expert} />
                  </li>
                ))}
              </ul>
              <MoreButton query={experts} />
            </Stack>
          )
        }
      </Answered>
    </Stack>
  );
}
