/** Deciding: by keyboard, with what was answered kept when the version changes meanwhile. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import type { Version } from "@/api/types";
import { ShortcutHelp } from "@/components/ShortcutHelp";
import { DecisionForm } from "@/features/reviews/DecisionForm";
import { service, show } from "@/testing/show";

const CHECKLIST = {
  number: 1,
  items: [
    { id: "licence.text", kind: "licence", text: "The licence is the one.", required: true },
    { id: "consent.purposes", kind: "consent", text: "The purposes are clear.", required: true },
  ],
};
const SERVICE = {
  "GET /reviews/checklist": () => ({ body: CHECKLIST }),
  "GET /vocabulary": () => ({ body: { licences: [], purposes: [] } }),
};
const READ = "2026-11-23T12:00:00Z";
const LATER = "2026-11-23T12:05:00Z";

function version(changed_at: string): Version {
  return { id: "v1", licence: { declared: "MIT", concluded: "" }, changed_at, etag: `"${changed_at}"` } as unknown as Version;
}

function Reviewing() {
  const [changedAt, setChangedAt] = useState(READ);
  return (
    <>
      <ShortcutHelp />
      <DecisionForm version={version(changedAt)} onReload={() => setChangedAt(LATER)} />
      <button onClick={() => setChangedAt(LATER)}>Meanwhile</button>
    </>
  );
}

async function answerAll() {
  await screen.findByText(/0 of 2 answered/);
  for (const key of ["j", "y", "y", "a"]) fireEvent.keyDown(document.activeElement ?? document.body, { key });
  await screen.findByText(/2 of 2 answered/);
  await userEvent.paste("Everything that it needs is there.");
}

const approve = () => screen.getByRole<HTMLButtonElement>("button", { name: "Approve" });

test("the checklist is answered and the decision taken by keyboard", async () => {
  const asked = service({ ...SERVICE, "POST /versions/v1/reviews": () => ({ body: version(READ) }) });
  show(<Reviewing />);

  await answerAll();
  await userEvent.click(approve());

  await waitFor(() => expect(asked.some(({ method }) => method === "POST")).toBe(true));
  expect(asked.find(({ method }) => method === "POST")?.body).toMatchObject({
    verdict: "approve",
    reason: "Everything that it needs is there.",
    answers: [{ item: "licence.text", answer: "yes" }, { item: "consent.purposes", answer: "yes" }],
  });
});

test("when the version changes meanwhile, answers stay and somebody has to look again", async () => {
  service(SERVICE);
  show(<Reviewing />);
  await answerAll();

  await userEvent.click(screen.getByRole("button", { name: "Meanwhile" }));
  await screen.findByText("It has changed since you began");
  const waits = approve().disabled;
  await userEvent.click(screen.getByRole("button", { name: "I have looked at it again" }));

  expect(waits).toBe(true);
  expect(approve().disabled).toBe(false);
  expect(screen.getByText(/2 of 2 answered/)).toBeTruthy();
});

test("a refused stale decision leads to reading it again", async () => {
  const problem = { title: "It changed", status: 412, detail: "It was changed since you read it.", code: "stale", type: "about:blank" };
  service({ ...SERVICE, "POST /versions/v1/reviews": () => ({ status: 412, body: problem }) });
  show(<Reviewing />);
  await answerAll();

  await userEvent.click(approve());
  await screen.findByText("It has changed since you opened it");
  await userEvent.click(screen.getByRole("button", { name: "Read it again" }));

  expect(await screen.findByText("It has changed since you began")).toBeTruthy();
});
