/** A withdrawal on its version's page: the checklist, and who may do what about it. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Withdrawal, WithdrawalResiduals } from "@/api/types";
import { WithdrawalProgress } from "@/features/withdrawals/WithdrawalProgress";
import { service, show } from "@/testing/show";

vi.mock("@/components/PageLink", () => ({ PageButton: ({ children }: { children: string }) => <a href="/">{children}</a> }));

const AT = "2026-11-22T12:00:00Z";
const WAITS: Withdrawal = {
  id: "w1",
  batch: "b1",
  version: "stage/drama@1",
  cause: "owner",
  legal_basis: "erasure",
  reason: "She took her plays back.",
  requested_at: AT,
  propagated_at: AT,
  destroy_after: AT,
  destruction_confirmed_at: null,
  ended_at: null,
  models: [{ model: "library/plays", revision: "0123456789", state: "withdrawn", recomposed_revision: null }],
  steps: [
    { name: "deny", state: "done", at: AT, facts: {}, sentence: "" },
    { name: "destroy", state: "waiting", at: null, facts: {}, sentence: "An owner has to confirm the destruction." },
  ],
};
const RESIDUALS: WithdrawalResiduals = {
  pinned_revisions: ["0123456789"],
  recipients: [
    { organisation: "library", revisions: ["0123456789"], deliveries: 2, acknowledged: 1 },
    { organisation: "school", revisions: ["0123456789"], deliveries: 1, acknowledged: 0 },
  ],
  licence: "MIT",
  licence_irrevocable: true,
  says: ["Run `guildhall verify model`."],
};

interface Scene {
  withdrawal?: Withdrawal;
  owns?: boolean;
  looksInto?: boolean;
  confirm?: unknown;
  status?: number;
}

function progress({ withdrawal = WAITS, owns = true, looksInto = true, confirm = WAITS, status = 200 }: Scene = {}) {
  const asked = service({
    "GET /versions/v1/withdrawal": () => ({ body: withdrawal }),
    "GET /withdrawals/w1": () => ({ body: { ...withdrawal, residuals: RESIDUALS } }),
    "POST /withdrawals/w1/confirm-destruction": () => ({ status, body: confirm }),
  });
  show(<WithdrawalProgress versionId="v1" owns={owns} looksInto={looksInto} />);
  return asked;
}

test("every step is told with its state, and every model with what became of it", async () => {
  progress();

  const steps = await screen.findByRole("list", { name: "Steps of the withdrawal" });
  expect(within(steps).getAllByRole("listitem").map((row) => row.textContent)).toEqual([
    expect.stringMatching(/^Denied.*Done/),
    expect.stringMatching(/^Stored weights destroyedAn owner has to confirm the destruction\.Waits/),
  ]);
  expect(screen.getByText(/library\/plays: revision 01234567 is no longer served. It has no main now./)).toBeTruthy();
});

test("an owner confirms the destruction with their password", async () => {
  const asked = progress({ confirm: { ...WAITS, destruction_confirmed_at: AT } });

  await userEvent.type(await screen.findByLabelText(/Your password/), "mine");
  await userEvent.click(screen.getByRole("button", { name: "Confirm the destruction" }));

  await waitFor(() => expect(screen.queryByRole("form", { name: "Confirm the destruction" })).toBeNull());
  expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ password: "mine" });
});

test("a wrong password is refused in the service's words, and can be given again", async () => {
  const refusal = { type: "about:blank", title: "Not allowed", status: 403, code: "not-allowed", detail: "The password is not yours." };
  progress({ confirm: refusal, status: 403 });

  await userEvent.type(await screen.findByLabelText(/Your password/), "not mine");
  await userEvent.click(screen.getByRole("button", { name: "Confirm the destruction" }));

  await screen.findByText("The password is not yours.");
  expect(screen.getByLabelText<HTMLInputElement>(/Your password/).value).toBe("");
});

test("whoever does not own it is not asked for a password", async () => {
  progress({ owns: false });

  await screen.findByRole("list", { name: "Steps of the withdrawal" });
  expect(screen.queryByLabelText(/Your password/)).toBeNull();
});

test("what cannot be reached is told with each recipient's acknowledgement", async () => {
  progress();

  const recipients = within(await screen.findByRole("list", { name: "Who may have a copy" })).getAllByRole("listitem");
  expect(recipients[0]?.textContent).toContain("Acknowledged");
  expect(recipients[1]?.textContent).toContain("Told, not acknowledged");
  expect(screen.getByText("MIT cannot be taken back")).toBeTruthy();
});

test("a consumer of another organisation sees the steps, and asks for nothing more", async () => {
  const asked = progress({ owns: false, looksInto: false });

  await screen.findByRole("list", { name: "Steps of the withdrawal" });
  expect(asked.map(({ path }) => path)).toEqual(["/versions/v1/withdrawal"]);
});

test("at the end there is a certificate", async () => {
  progress({ withdrawal: { ...WAITS, ended_at: AT } });

  expect(await screen.findByText("Certificate")).toBeTruthy();
});
