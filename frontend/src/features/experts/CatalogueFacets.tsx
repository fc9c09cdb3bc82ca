/** The filters of the catalogue. What was once seen as a choice stays one, so a filter can be changed without a way back. */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import type { Expert } from "@/api/types";
import { Choice } from "@/components/Choice";
import { wordsFor } from "@/components/StateBadge";
import { useAnchors, type Facets } from "@/features/experts/api";
import classes from "@/features/experts/Catalogue.module.css";

const STATES = ["approved", "paused", "suspended", "verified", "submitted", "draft", "rejected", "failed", "withdrawn"];
const TYPING_MS = 300;

interface CatalogueFacetsProps {
  facets: Facets;
  known: readonly Expert[];
  onChange: (facets: Facets) => void;
}

export function CatalogueFacets({ facets, known, onChange }: CatalogueFacetsProps) {
  const [words, setWords] = useState(facets.q ?? "");
  const anchors = useAnchors();
  const domains = useSeen(known.map((expert) => expert.domain), facets.domain);
  const organisations = useSeen(known.map((expert) => expert.organisation), facets.organisation);
  const search = useDebouncedCallback((q: string) => onChange({ ...facets, q: q || undefined }), TYPING_MS);
  const narrowed = Object.values(facets).some(Boolean);

  function set(name: keyof Facets) {
    return (value: string | null) => onChange({ ...facets, [name]: value ?? undefined });
  }

  return (
    <search className={classes["facets"]} aria-label="Find experts">
      <TextInput
        label="Search"
        placeholder="Name or description"
        type="search"
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
      />
      <Choice label="Domain" none="Any" data={domains} value={facets.domain ?? null} onChange={set("domain")} />
      <Choice
        label="Anchor"
        none="Any"
        data={(anchors.data ?? []).map(({ slug, name }) => ({ value: slug, label: name }))}
        value={facets.anchor ?? null}
        onChange={set("anchor")}
      />
      <Choice
        label="Organisation"
        none="Any"
        data={organisations}
        value={facets.organisation ?? null}
        onChange={set("organisation")}
      />
      <Choice
        label="State"
        none="Any"
        data={STATES.map((state) => ({ value: state, label: wordsFor(state) }))}
        value={facets.state ?? null}
        onChange={set("state")}
      />
      {narrowed && (
        <Button
          variant="default"
          onClick={() => {
            setWords("");
            onChange({});
          }}
        >
          Clear filters
        </Button>
      )}
    </search>
  );
}

/** Grows with what the lists have shown. */
function useSeen(now: readonly string[], chosen: string | undefined): string[] {
  const [seen, setSeen] = useState<readonly string[]>([]);
  const fresh = [...now, ...(chosen ? [chosen] : [])].filter((value) => value !== "" && !seen.includes(value));
  if (fresh.length > 0) setSeen([...new Set([...seen, ...fresh])]);
  return [...seen].sort();
}
