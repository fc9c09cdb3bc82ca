/** The figures of a build, said so that nobody takes fewer bits for worse. */
import { expect, test } from "vitest";
import { bitsPerByte, compared, shares } from "@/features/compositions/validation";

test("fewer bits per byte are better", () => {
  expect(compared({ model: 1.9, anchor: 2 })).toBe("5.0 % better than its anchor");
  expect(compared({ model: 2.1, anchor: 2 })).toBe("5.0 % worse than its anchor");
  expect(compared({ model: 2.0001, anchor: 2 })).toBe("as good as its anchor");
});

test("a figure that is missing or strange is not shown", () => {
  expect(bitsPerByte({})).toBeNull();
  expect(bitsPerByte({ bits_per_byte: { model: "1.9", anchor: 2 } })).toBeNull();
  expect(shares({ routing: "all" })).toEqual([]);
});

test("a slot's share is its mean over the layers", () => {
  expect(shares({ routing: [[0.5, 0.5], [0.25, 0.75]] })).toEqual([0.375, 0.625]);
});
