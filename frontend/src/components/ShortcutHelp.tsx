/** Hears the single keys for everybody, and lists on `?` what they mean here. They can be turned off in the same place. */
import { ActionIcon, Kbd, Stack, Switch, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect } from "react";
import { LateDialog } from "@/components/LateDialog";
import classes from "@/components/ShortcutHelp.module.css";
import { areOn, meant, turn, useAreOn, useGroups } from "@/components/shortcuts";

export function ShortcutHelp() {
  const [opened, { open, close }] = useDisclosure(false);
  const groups = useGroups();
  const on = useAreOn();

  useEffect(() => {
    const help = { title: "", shortcuts: [{ key: "?", words: "", act: open }] };
    function hear(event: KeyboardEvent) {
      const shortcut = meant(event, areOn() ? [help, ...groups] : [help]);
      if (!shortcut) return;
      event.preventDefault();
      shortcut.act();
    }
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [groups, open]);

  return (
    <>
      <ActionIcon variant="default" size={36} visibleFrom="md" aria-label="Keyboard shortcuts" aria-haspopup="dialog" onClick={open}>
        <span aria-hidden>?</span>
      </ActionIcon>
      <LateDialog opened={opened} onClose={close} title="Keyboard shortcuts">
        <Stack>
          <Switch
            label="Single keys act"
            checked={on}
            onChange={(event) => turn(event.currentTarget.checked)}
          />
          <Text size="sm" c="dimmed">
            Turn them off if your screen reader or your voice control needs these keys.
          </Text>
          {groups.map(({ title, shortcuts }) => (
            <Stack key={title} gap={6}>
              <Title order={3}>{title}</Title>
              <dl className={classes["keys"]}>
                {shortcuts.map(({ key, words }) => (
                  <div key={key}>
                    <dt>
                      <Kbd>{key}</Kbd>
                    </dt>
                    <dd>{words}</dd>
                  </div>
                ))}
              </dl>
            </Stack>
          ))}
          <Text size="sm" c="dimmed">
            <Kbd>?</Kbd> opens this list, <Kbd>Esc</Kbd> closes it.
          </Text>
        </Stack>
      </LateDialog>
    </>
  );
}
