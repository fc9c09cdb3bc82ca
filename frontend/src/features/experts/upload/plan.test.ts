/** The parts of a file cover it without a hole, and only those that are missing go up again. */
import { expect, test } from "vitest";
import { bytesOf, partsOf, stillToGo } from "@/features/experts/upload/plan";

const MIB = 2 ** 20;

test.each([
  [1, 16 * MIB, 1],
  [16 * MIB, 16 * MIB, 1],
  [16 * MIB + 1, 16 * MIB, 2],
  [9_000_000_000, 16 * MIB, 537],
])("%d bytes in parts of %d are %d parts, end to end", (size, partSize, count) => {
  const parts = partsOf(size, partSize);

  expect(parts).toHaveLength(count);
  expect(parts.at(0)).toMatchObject({ number: 1, begin: 0 });
  expect(parts.at(-1)).toMatchObject({ number: count, end: size });
  for (const [index, part] of parts.entries()) {
    expect(part.begin).toBe(index === 0 ? 0 : parts[index - 1]?.end);
    expect(part.end - part.begin).toBeLessThanOrEqual(partSize);
  }
  expect(bytesOf(parts)).toBe(size);
});

test("an empty file is one empty part", () => {
  expect(partsOf(0, 16 * MIB)).toEqual([{ number: 1, begin: 0, end: 0 }]);
});

test("after a break only the missing parts go up", () => {
  const parts = partsOf(5 * MIB, MIB);

  const rest = stillToGo(parts, [{ number: 1 }, { number: 4 }, { number: 2 }]);

  expect(rest.map((part) => part.number)).toEqual([3, 5]);
  expect(bytesOf(rest)).toBe(2 * MIB);
});
