/** Single keys act, but never while somebody writes, and not when they are switched off. */
import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { turn, useShortcuts, type Shortcut } from "@/components/shortcuts";
import { ShortcutHelp } from "@/components/ShortcutHelp";
import { show } from "@/testing/show";

afterEach(() => turn(true));

function Thing({ shortcuts }: { shortcuts: readonly Shortcut[] }) {
  useShortcuts("The thing", shortcuts);
  return <input aria-label="Words" />;
}

function shown() {
  const act = vi.fn();
  const shortcuts = [{ key: "j", words: "The next one", act }];
  show(
    <>
      <Thing shortcuts={shortcuts} />
      <ShortcutHelp />
    </>,
  );
  return act;
}

test("a key does what it means, once, and with no other key held", () => {
  const act = shown();

  fireEvent.keyDown(document.body, { key: "j" });
  fireEvent.keyDown(document.body, { key: "j", ctrlKey: true });
  fireEvent.keyDown(document.body, { key: "k" });

  expect(act).toHaveBeenCalledTimes(1);
});

test("who writes a j writes a j", async () => {
  const act = shown();

  await userEvent.type(screen.getByLabelText("Words"), "j?");

  expect(act).not.toHaveBeenCalled();
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("? lists what the keys mean here, and turns them off but for itself", async () => {
  const act = shown();

  fireEvent.keyDown(document.body, { key: "?" });
  expect(await screen.findByText("The next one")).toBeTruthy();
  await userEvent.click(screen.getByLabelText("Single keys act"));
  await userEvent.click(screen.getByLabelText("Close this dialog"));
  fireEvent.keyDown(document.body, { key: "j" });

  expect(act).not.toHaveBeenCalled();
});
