/** The picture of a log's growth asks for few entries, whatever the log's size. */
import { expect, test } from "vitest";
import { sampled } from "@/features/audit/growth";

test.each([
  [0, []],
  [1, [0]],
  [3, [0, 1, 2]],
])("a log of %d entries is asked for each once", (size, indices) => {
  expect(sampled(size)).toEqual(indices);
});

test("of a million entries a dozen are asked for, the first and the last among them", () => {
  const found = sampled(1_000_000);

  expect(found).toHaveLength(13);
  expect([found[0], found.at(-1)]).toEqual([0, 999_999]);
});
