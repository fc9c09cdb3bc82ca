/** Documents beside a version: listed with what they are, added as they are, taken off a draft, refused in a sentence. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { Documents } from "@/features/evidence/Documents";
import { tooLarge } from "@/features/evidence/documents";
import { service, show } from "@/testing/show";

const FORM = {
  id: "f1",
  kind: "consent",
  name: "form.pdf",
  media_type: "application/pdf",
  size: 1500,
  sha256: `sha256:${"a".repeat(64)}`,
  added_by: "Ada",
  added_at: "2026-11-23T10:00:00Z",
};

function found(may: boolean) {
  return { files: [FORM], kinds: [], may_add: may, may_remove: may, max_bytes: 1, max_bytes_of_version: 1 };
}

test("a document is shown with what it is, and is downloaded from its own address", async () => {
  service({ "GET /versions/v1/evidence": () => ({ body: found(false) }) });

  show(<Documents versionId="v1" />);

  expect(await screen.findByText("form.pdf")).toBeTruthy();
  expect(screen.getByText(/PDF, 1.5 kB/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Download form.pdf" }).getAttribute("href")).toBe("/api/v1/evidence/f1");
  expect(screen.queryByRole("button", { name: "Add a document" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Remove form.pdf" })).toBeNull();
});

test("what the service says against a document is shown with its name", async () => {
  const detail = "The PDF holds JavaScript; print it into a new PDF and send that.";
  const asked = service({
    "GET /versions/v1/evidence": () => ({ body: found(true) }),
    "POST /versions/v1/evidence": () => ({ status: 400, body: { title: "Not valid", status: 400, detail } }),
  });
  show(<Documents versionId="v1" />);
  await screen.findByText("form.pdf");

  fireEvent.change(screen.getByTestId("document-file"), { target: { files: [new File(["1"], "evil.pdf")] } });

  await waitFor(() => expect(screen.getByText(detail)).toBeTruthy());
  expect(screen.getByText("evil.pdf was not taken:")).toBeTruthy();
  expect(asked.find(({ method }) => method === "POST")?.body).toBe(1);
});

test("what is too large is not sent", () => {
  const large = new File([], "large.pdf");
  Object.defineProperty(large, "size", { value: 20 * 2 ** 20 + 1 });

  expect(tooLarge(large)).toContain("more than 20 MiB");
  expect(tooLarge(new File(["1"], "small.pdf"))).toBeNull();
});
