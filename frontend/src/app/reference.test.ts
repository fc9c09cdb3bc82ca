/** The reference is the whole of docs/openapi.yaml, and its examples can be pasted. */
import { expect, test } from "vitest";
import openapi from "../../../docs/openapi.yaml?raw";
import { byRoom, operations } from "@/app/reference";

test("every operation is there", () => {
  const told = [...openapi.matchAll(/^ {6}operationId: (\w+)$/gm)].map(([, id]) => id);

  expect(told.length).toBeGreaterThan(80);
  expect(operations().map(({ id }) => id).sort()).toEqual(told.sort());
});

test("an operation says what it takes, what it answers, and how to ask", () => {
  const one = operations().find(({ id }) => id === "createWebhook");

  expect(one).toMatchObject({ method: "POST", path: "/api/v1/organisations/{slug}/webhooks" });
  expect(one?.parameters.map(({ name }) => name)).toEqual(["slug"]);
  expect(one?.body.map(({ name }) => name)).toEqual(["url"]);
  expect(one?.answers[0]?.fields.map(({ name }) => name)).toContain("secret");
  expect(one?.example).toContain(`-X POST "$GUILDHALL_URL/api/v1/organisations/$SLUG/webhooks"`);
  expect(one?.example).toContain(`-d '{"url": "…"}'`);
});

test("words narrow it down", () => {
  const found = byRoom("webhook disable").flatMap(([, all]) => all.map(({ id }) => id));

  expect(found).toEqual(["disableWebhook"]);
});
