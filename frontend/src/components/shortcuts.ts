/** Single keys as shortcuts. They are silent while somebody writes, while a dialog is open, and when switched off. */
import { useEffect, useSyncExternalStore } from "react";

export interface Shortcut {
  key: string;
  words: string;
  act: () => void;
}

export interface Group {
  title: string;
  shortcuts: readonly Shortcut[];
}

const OFF = "guildhall-single-keys-off";
const groups = new Set<Group>();
const listeners = new Set<() => void>();
let told: readonly Group[] = [];

function tell() {
  told = [...groups];
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** These keys mean this while the component is there; the same key of a later component wins. */
export function useShortcuts(title: string, shortcuts: readonly Shortcut[]) {
  useEffect(() => {
    const group = { title, shortcuts };
    groups.add(group);
    tell();
    return () => {
      groups.delete(group);
      tell();
    };
  }, [title, shortcuts]);
}

export function useGroups(): readonly Group[] {
  return useSyncExternalStore(subscribe, () => told);
}

export function areOn(): boolean {
  return localStorage.getItem(OFF) === null;
}

export function turn(on: boolean) {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "off");
  tell();
}

/** Whether single keys are on; WCAG 2.1.4 wants a way to turn them off. */
export function useAreOn(): boolean {
  return useSyncExternalStore(subscribe, areOn);
}

const WRITES = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable=true]";

/** What a pressed key means here, if anything. */
export function meant(event: KeyboardEvent, among: readonly Group[]): Shortcut | undefined {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const { target } = event;
  if (target instanceof Element && target.closest(`${WRITES}, [role=dialog], [role=listbox], [role=menu], [role=combobox]`)) {
    return undefined;
  }
  if (document.querySelector("[role=dialog][aria-modal=true]")) return undefined;
  return among
    .flatMap(({ shortcuts }) => shortcuts)
    .reverse()
    .find(({ key }) => key === event.key);
}
