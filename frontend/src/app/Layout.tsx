/** The frame around every page: the name, the ways through the house, who is signed in. */
import { AppShell, Box, Burger, Group, Stack } from "@mantine/core";
import { useDisclosure, useNetwork } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useSession } from "@/api/session";
import { Footer } from "@/app/Footer";
import classes from "@/app/Layout.module.css";
import { Search } from "@/app/Search";
import { Ways } from "@/app/Ways";
import { Notice } from "@/components/Notice";
import { ShortcutHelp } from "@/components/ShortcutHelp";
import { AccountMenu } from "@/features/accounts/AccountMenu";
import { SchemeSwitch } from "@/app/SchemeSwitch";

export function Layout() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const person = useSession().data?.person ?? null;
  const { online } = useNetwork();
  const main = useFocusOnNewPage();

  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 240, breakpoint: "md", collapsed: { desktop: true, mobile: !opened || !person } }}
      padding={{ base: "md", sm: "xl" }}
    >
      <a className={classes["skip"]} href="#main">
        Skip to the content
      </a>
      <AppShell.Header className={person ? classes["signedIn"] : undefined}>
        <Group h="100%" px={{ base: "md", sm: "xl" }} gap="md" wrap="nowrap" maw={1240} mx="auto">
          {person && (
            <Burger opened={opened} onClick={toggle} hiddenFrom="md" size="sm" aria-label="Menu" aria-expanded={opened} />
          )}
          <Link to="/" className={classes["brand"]} aria-label="Guildhall">
            <img src="/mark.svg" alt="" width={28} height={28} />
            <span>Guildhall</span>
          </Link>
          {person && (
            <Box component="nav" aria-label="Main" visibleFrom="md">
              <Group gap={4} wrap="nowrap">
                <Ways person={person} />
              </Group>
            </Box>
          )}
          <Group gap="xs" ms="auto" wrap="nowrap">
            {person && <Search />}
            {person && <ShortcutHelp />}
            {person ? <AccountMenu person={person} appearance={<SchemeSwitch />} /> : <SchemeSwitch />}
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="md" aria-label="Main" aria-hidden={!opened}>
        <Stack gap={4} onClick={close}>
          {person && opened && <Ways person={person} />}
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} ref={main} className={classes["main"]}>
        <Box maw={1176} mx="auto" className={classes["sheet"]}>
          {!online && (
            <Box mb="md">
              <Notice tone="warning" role="status" title="You are offline">
                What you see may be out of date. Uploads go on when the connection is back.
              </Notice>
            </Box>
          )}
          <Outlet />
          <Footer />
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}

/** After a click on a link the keyboard and the screen reader start at the new page, not at the old link. */
function useFocusOnNewPage() {
  const main = useRef<HTMLElement>(null);
  const path = useLocation({ select: (location) => location.pathname });
  const shown = useRef(path);

  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return main;
}
