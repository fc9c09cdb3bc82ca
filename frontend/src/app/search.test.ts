/** What stands in an address may have been written by anybody. */
import { expect, test } from "vitest";
import { inside, texts } from "@/app/search";

test.each([
  ["/experts?q=drama", "/experts?q=drama"],
  [undefined, "/"],
  ["https://elsewhere.example/", "/"],
  ["//elsewhere.example/", "/"],
  ["/\\elsewhere.example/", "/"],
  ["javascript:alert(1)", "/"],
])("after the login, %s leads to %s", (next, address) => {
  expect(inside(next)).toBe(address);
});

test("only the named texts are read", () => {
  const read = texts(["q", "state"]);

  expect(read({ q: "drama", state: "", other: "x", more: { deep: true } })).toEqual({ q: "drama" });
  expect(read({ q: 42, state: ["a"] })).toEqual({ q: "42" });
});
