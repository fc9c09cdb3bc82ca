/** Withdrawing: who is hit is shown first, a reason is needed, and the service's refusal is shown as it is. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { WithdrawDialog } from "@/features/withdrawals/WithdrawDialog";
import { service, show } from "@/testing/show";

const TARGET = { id: "v1", name: "playhouse/drama@1", expert: "playhouse/drama", organisation: "playhouse" };
const PREVIEW = {
  versions: ["playhouse/drama@1"],
  models: [{ model: "library/reading-room", revision: "0123456789abcdef", main: true, consumer: "library" }],
  downloads: 3,
  irrevocable: true,
  notice: "",
};
const REASON = "The licence was not ours to give.";

const WITHDRAWN = { id: "w1", version: "playhouse/drama@1", models: [], steps: [], destruction_confirmed_at: null };

async function give(reason: string) {
  await userEvent.click(screen.getByLabelText(/Reason/));
  await userEvent.paste(reason);
}

function dialog(onClose = vi.fn()) {
  show(<WithdrawDialog target={TARGET} opened onClose={onClose} />);
  return onClose;
}

test("it shows who is hit, and that the licence cannot be taken back", async () => {
  service({ "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }) });

  dialog();

  await screen.findByText("1 revision will no longer be served; 3 downloads so far");
  expect(screen.getByText(/library\/reading-room of library, revision 01234567, its main/)).toBeTruthy();
  expect(screen.getByText("The licence cannot be taken back")).toBeTruthy();
});

test("without a reason of ten characters there is no withdrawal", async () => {
  const asked = service({ "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }) });
  dialog();
  await screen.findByText(/will no longer be served/);

  await give("too short");

  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Withdraw for good" }).disabled).toBe(true);
  expect(asked.filter(({ method }) => method === "POST")).toHaveLength(0);
});

test("it withdraws with the reason that was given, and closes", async () => {
  const asked = service({
    "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }),
    "POST /versions/v1/withdraw": () => ({ body: WITHDRAWN }),
  });
  const onClose = dialog();
  await screen.findByText(/will no longer be served/);

  await give(`  ${REASON} `);
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(asked.find(({ method }) => method === "POST")).toMatchObject({ path: "/versions/v1/withdraw", body: { reason: REASON, legal_basis: "other" } });
});

test("what the service says against it is shown, and the dialog stays", async () => {
  service({
    "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }),
    "POST /versions/v1/withdraw": () => ({
      status: 409,
      body: { type: "about:blank", title: "Wrong state", status: 409, code: "wrong-state", detail: "It is withdrawn already." },
    }),
  });
  const onClose = dialog();
  await screen.findByText(/will no longer be served/);

  await give(REASON);
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await screen.findByText("It is withdrawn already.");
  expect(onClose).not.toHaveBeenCalled();
});

test("nothing can be withdrawn before it is known who is hit", async () => {
  service({
    "GET /versions/v1/withdrawal-preview": () => ({
      status: 500,
      body: { type: "about:blank", title: "Fault", status: 500, code: "fault", detail: "Something went wrong on our side." },
    }),
  });

  dialog();

  await screen.findByText("Something went wrong on our side.");
  await give(REASON);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Withdraw for good" }).disabled).toBe(true);
});

test("the whole expert is withdrawn by one click too, after its own preview", async () => {
  const versions = ["playhouse/drama@1", "playhouse/drama@2"];
  const asked = service({
    "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }),
    "GET /experts/playhouse/drama/withdrawal-preview": () => ({ body: { ...PREVIEW, versions } }),
    "POST /experts/playhouse/drama/withdraw": () => ({ body: [WITHDRAWN, { ...WITHDRAWN, id: "w2", version: versions[1] }] }),
  });
  const onClose = dialog();

  await userEvent.click(screen.getByRole("radio", { name: /The whole expert/ }));
  await screen.findByText("2 versions at once: playhouse/drama@1, playhouse/drama@2.");
  await give(REASON);
  await userEvent.selectOptions(screen.getByLabelText("Legal basis"), "never-held");
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ reason: REASON, legal_basis: "never-held" });
});

test("a wrong password stops no withdrawal, and is not taken for a confirmation", async () => {
  const asked = service({
    "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }),
    "POST /versions/v1/withdraw": () => ({ body: WITHDRAWN }),
  });
  const onClose = dialog();
  await screen.findByText(/will no longer be served/);

  await give(REASON);
  await userEvent.type(screen.getByLabelText(/Your password/), "not mine");
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await screen.findByText("Withdrawn; the destruction is not confirmed");
  expect(asked.find(({ method }) => method === "POST")?.body).toMatchObject({ password: "not mine" });
  expect(onClose).not.toHaveBeenCalled();
});

test("the right password confirms the destruction, and the dialog closes", async () => {
  service({
    "GET /versions/v1/withdrawal-preview": () => ({ body: PREVIEW }),
    "POST /versions/v1/withdraw": () => ({ body: { ...WITHDRAWN, destruction_confirmed_at: "2026-11-22T12:00:00Z" } }),
  });
  const onClose = dialog();
  await screen.findByText(/will no longer be served/);

  await give(REASON);
  await userEvent.type(screen.getByLabelText(/Your password/), "mine");
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
});
