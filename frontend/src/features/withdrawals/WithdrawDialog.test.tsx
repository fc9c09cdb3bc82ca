/** Withdrawing: who is hit is shown first, a reason is needed, and the service's refusal is shown as it is. */
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { WithdrawDialog } from "@/features/withdrawals/WithdrawDialog";
import { service, show } from "@/testing/show";

const PREVIEW = {
  models: [{ model: "library/reading-room", revision: "0123456789abcdef", main: true, consumer: "library" }],
  downloads: 3,
  irrevocable: true,
  notice: "",
};
const REASON = "The licence was not ours to give.";

async function give(reason: string) {
  await userEvent.click(screen.getByLabelText(/Reason/));
  await userEvent.paste(reason);
}

function dialog(onClose = vi.fn()) {
  show(<WithdrawDialog id="v1" name="playhouse/drama@1" opened onClose={onClose} />);
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
    "POST /versions/v1/withdraw": () => ({ body: { id: "w1", models: [] } }),
  });
  const onClose = dialog();
  await screen.findByText(/will no longer be served/);

  await give(`  ${REASON} `);
  await userEvent.click(screen.getByRole("button", { name: "Withdraw for good" }));

  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(asked.find(({ method }) => method === "POST")).toMatchObject({ path: "/versions/v1/withdraw", body: { reason: REASON } });
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
