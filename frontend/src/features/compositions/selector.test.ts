/** A selector is said in one go, with what narrows it. */
import { expect, test } from "vitest";
import { inWords } from "@/features/compositions/selector";

test("what narrows a selector is named", () => {
  expect(inWords({ domains: [], organisations: [] })).toBe("all approved experts that the policies allow");
  expect(inWords({ domains: ["drama", "law"], organisations: ["playhouse"] })).toBe(
    "all approved experts in drama or law of playhouse that the policies allow",
  );
});
