/** Search across experts and models, from everywhere: `/` opens it, the arrows move, Enter opens what was found. */
import { Button, Kbd } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Suspense, useMemo } from "react";
import { late } from "@/components/late";
import { LateDialog } from "@/components/LateDialog";
import { Loading } from "@/components/Loading";
import { useShortcuts } from "@/components/shortcuts";

// Asked for when somebody searches, not before.
const SearchPanel = late(async () => (await import("@/app/SearchPanel")).SearchPanel);

export function Search() {
  const [opened, { open, close }] = useDisclosure(false);
  const shortcuts = useMemo(() => [{ key: "/", words: "Search experts and models", act: open }], [open]);
  useShortcuts("Everywhere", shortcuts);
  return (
    <>
      <Button
        variant="default"
        size="sm"
        px="sm"
        aria-haspopup="dialog"
        aria-label="Search"
        onClick={open}
        rightSection={<Kbd visibleFrom="lg" size="xs" aria-hidden>/</Kbd>}
        styles={{ section: { marginInlineStart: "0.4rem" } }}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden>
          <circle cx="6.5" cy="6.5" r="4.5" />
          <path d="m10 10 4 4" />
        </svg>
      </Button>
      <LateDialog opened={opened} onClose={close} title="Search" size="lg" yOffset="8vh">
        <Suspense fallback={<Loading what="search" />}>
          <SearchPanel onGone={close} />
        </Suspense>
      </LateDialog>
    </>
  );
}
