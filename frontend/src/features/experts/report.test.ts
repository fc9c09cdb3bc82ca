import { describe, expect, it } from "vitest";
import { percent, readReport } from "@/features/experts/report";

describe("readReport", () => {
  it("puts weights and routing of a layer beside each other", () => {
    const found = readReport({
      weights: { change: 0.2, by_layer: [0.1, 0.3], nearest: [{ version: "a/b@1", similarity: 0.5 }] },
      probe: {
        bits_per_byte: { model: 2.1, anchor: 2.0 },
        routing: [
          [0.6, 0.4],
          [0.75, 0.25],
        ],
      },
    });

    expect(found?.layers).toEqual([
      { changed: 0.1, weight: 0.4 },
      { changed: 0.3, weight: 0.25 },
    ]);
    expect(found?.nearest).toEqual([{ version: "a/b@1", similarity: 0.5 }]);
  });

  it("shows what was read before the probe has answered", () => {
    expect(readReport({ weights: { change: 0.2, by_layer: [0.1] } })?.layers).toEqual([{ changed: 0.1, weight: null }]);
  });

  it("finds nothing in versions that were verified without figures, nor in what is none", () => {
    expect(readReport({})).toBeNull();
    expect(readReport({ weights: { by_layer: "all" }, probe: 3 })).toBeNull();
  });
});

describe("percent", () => {
  it("tells small shares a little closer", () => {
    expect([percent(0.034), percent(0.34)]).toEqual(["3.4 %", "34 %"]);
  });
});
