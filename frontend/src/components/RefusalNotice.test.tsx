/** A refusal is shown in the server's words, with every policy that refused. */
import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Refusal } from "@/api/client";
import { RefusalNotice } from "@/components/RefusalNotice";
import { show } from "@/testing/show";

const REFUSED = new Refusal({
  type: "about:blank",
  title: "Refused by policy",
  status: 403,
  code: "denied-by-policy",
  detail: "2 of 3 experts may not be used for service to customers.",
  policies: [
    { policy: "purpose-within-consent", reason: "playhouse/drama: the consent covers research only." },
    { policy: "licence-allows-purpose", reason: "codeworks/code: CC-BY-NC-4.0 forbids commercial use." },
  ],
});

test("it names each policy beside its reason", () => {
  show(<RefusalNotice error={REFUSED} />);

  const notice = screen.getByRole("alert");
  expect(notice.textContent).toContain("2 of 3 experts may not be used for service to customers.");
  expect(notice.textContent).toContain("the consent covers research only. purpose-within-consent");
  expect(notice.textContent).toContain("forbids commercial use. licence-allows-purpose");
});

test("it names the fields that are wrong", () => {
  const wrong = new Refusal({
    type: "about:blank",
    title: "Invalid",
    status: 400,
    code: "invalid",
    detail: "consent.valid_until: this is in the past.",
    errors: { "consent.valid_until": ["This is in the past."] },
  });

  show(<RefusalNotice error={wrong} />);

  expect(screen.getByRole("alert").textContent).toContain("consent.valid until: This is in the past.");
});

test("what is not a refusal of the service keeps its own words, and can be tried again", () => {
  const retry = vi.fn();

  show(<RefusalNotice error={new Error("the disk is full")} onRetry={retry} />);
  screen.getByRole("button", { name: "Try again" }).click();

  expect(screen.getByRole("alert").textContent).toContain("the disk is full");
  expect(retry).toHaveBeenCalledOnce();
});
