/** An opened entry: private words where the reader may see them, and the ways to its proof. */
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Entry } from "@/api/types";
import { LogEntry } from "@/features/audit/LogEntry";
import { show } from "@/testing/show";

const ENTRY: Entry = {
  id: 12,
  index: 7,
  at: "2026-11-22T12:00:00Z",
  event: "withdrawal.requested",
  about: "playhouse/drama@1",
  actor: "person:6f",
  actor_name: "Ada",
  facts: { reason: { commitment: "sha256:ab" }, models: 3 },
  private: { reason: "Taken back." },
  leaf_hash: "cd",
};

async function opened(entry: Entry) {
  show(<LogEntry entry={entry} />);
  await userEvent.click(screen.getByText(entry.event));
  await screen.findByText("Leaf hash");
}

test("words behind a commitment are shown to whoever may see them", async () => {
  await opened(ENTRY);

  expect(screen.getByText("Taken back.")).toBeTruthy();
});

test("words that are not there are said to be withheld or erased", async () => {
  await opened({ ...ENTRY, private: {} });

  expect(screen.getByText("withheld or erased")).toBeTruthy();
});

test("its proof and its leaf are one click away", async () => {
  await opened(ENTRY);

  expect(screen.getByRole("link", { name: "Its proof" }).getAttribute("href")).toBe("/api/v1/log/7/proof");
  expect(screen.getByRole("link", { name: "Its leaf, byte for byte" }).getAttribute("href")).toBe("/api/v1/log/7/leaf");
});

test("an entry on its way has no proof yet", async () => {
  await opened({ ...ENTRY, index: null });

  expect(screen.queryByRole("link", { name: "Its proof" })).toBeNull();
  expect(screen.getByText(/On its way into the log/)).toBeTruthy();
});
