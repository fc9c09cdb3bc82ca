/** Every bad answer becomes one Refusal, whatever it looks like. */
import { expect, test, vi } from "vitest";
import { answer, client, Refusal } from "@/api/client";
import { cursorOf } from "@/api/pages";
import { service } from "@/testing/show";

test("a problem document is kept as the service wrote it", async () => {
  service({
    "GET /vocabulary": () => ({
      status: 403,
      body: { type: "about:blank", title: "Forbidden", status: 403, code: "not-allowed", detail: "Only auditors may." },
    }),
  });

  const refused = answer(client.GET("/api/v1/vocabulary"));

  await expect(refused).rejects.toThrow("Only auditors may.");
});

test("an answer that explains nothing is still a sentence", async () => {
  vi.spyOn(window, "fetch").mockResolvedValue(new Response("<h1>Bad gateway</h1>", { status: 502 }));

  const refused = answer(client.GET("/api/v1/vocabulary"));

  await expect(refused).rejects.toThrow("The service answered 502 without saying why.");
});

test("a broken line is told apart from a refusal", async () => {
  vi.spyOn(window, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));

  const refused = answer(client.GET("/api/v1/vocabulary"));

  await expect(refused).rejects.toSatisfy((error) => error instanceof Refusal && error.problem.code === "unreachable");
});

test("a change carries the token against forged requests", async () => {
  document.cookie = "csrftoken=abc123";
  const seen: (string | null)[] = [];
  vi.spyOn(window, "fetch").mockImplementation((request) => {
    seen.push((request as Request).headers.get("X-CSRFToken"));
    return Promise.resolve(Response.json({ person: null }));
  });

  await answer(client.POST("/api/v1/session", { body: { email: "ada@playhouse.example", password: "x" } }));

  expect(seen).toEqual(["abc123"]);
});

test("the next page is found by its cursor", () => {
  expect(cursorOf("http://127.0.0.1:8000/api/v1/log?cursor=cD0x&event=a")).toBe("cD0x");
  expect(cursorOf(null)).toBeNull();
});
