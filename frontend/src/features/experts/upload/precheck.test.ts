/** A wrong package is refused in the browser, before a byte is sent, in one sentence that says what to do. */
import { expect, test } from "vitest";
import {
  ANCHOR,
  expertTensors,
  HIDDEN,
  INTERMEDIATE,
  LAYERS,
  packageFiles,
  routerTensors,
  safetensors,
} from "@/features/experts/upload/packages";
import { readPackage } from "@/features/experts/upload/precheck";

test("a right package is read, its small files first", async () => {
  const found = await readPackage(packageFiles(), ANCHOR);

  expect(found).toMatchObject({ layers: LAYERS, dtype: "F32", tensors: 4 * LAYERS, anchorDigest: ANCHOR.digest });
  expect(found.files.at(-1)?.name).toBe("expert.safetensors");
});

test("what a file manager leaves behind is not sent", async () => {
  const found = await readPackage([...packageFiles(), new File(["x"], ".DS_Store")], ANCHOR);

  expect(found.files.map((file) => file.name)).not.toContain(".DS_Store");
});

const wrongShape = { ...expertTensors(), "layers.1.up_proj.weight": { shape: [INTERMEDIATE, HIDDEN + 1] } };
const wrongName = { ...expertTensors(), "layers.0.attn.weight": { shape: [1] } };
const lacking = Object.fromEntries(Object.entries(expertTensors()).slice(0, -1));

test.each<[string, Record<string, BlobPart | null>, RegExp]>([
  ["a missing file", { "router.safetensors": null }, /router\.safetensors is missing/],
  ["a package without a signature", { "model.sig": null }, /Sign the package first/],
  ["a stranger among the files", { "run.sh": "rm" }, /run\.sh does not belong into a package/],
  ["a cut file", { "expert.safetensors": safetensors(expertTensors(), { cut: 4 }) }, /may be cut off/],
  ["a lying header", { "expert.safetensors": safetensors(expertTensors(), { lie: 4 }) }, /its shape needs/],
  ["no safetensors at all", { "expert.safetensors": "PK\u0003\u0004 a zip file, renamed" }, /is it a safetensors file/],
  ["a wrong shape", { "expert.safetensors": safetensors(wrongShape) }, /layers\.1\.up_proj\.weight has the shape \[6, 5\], not \[6, 4\]/],
  ["a strange tensor", { "expert.safetensors": safetensors(wrongName) }, /layers\.0\.attn\.weight is not a tensor of an expert/],
  ["a lacking tensor", { "expert.safetensors": safetensors(lacking) }, /lacks a tensor/],
  ["a router of another width", { "router.safetensors": safetensors({ "layers.0.router.weight": { shape: [3] } }) }, /has the shape \[3\], not \[4\]/],
  ["too few router rows", { "router.safetensors": safetensors({ "layers.0.router.weight": { shape: [HIDDEN] } }) }, /1 router rows for 2 layers/],
  ["a card that is no JSON", { "expert.json": "{" }, /expert\.json is not a JSON object/],
  ["another anchor's expert", { "expert.json": JSON.stringify({ anchor: "sha256:b" }) }, /names another anchor/],
])("%s is refused", async (_, changed, sentence) => {
  await expect(readPackage(packageFiles(changed), ANCHOR)).rejects.toThrow(sentence);
});

test("an expert for a wider anchor is refused, in numbers", async () => {
  const wider = { ...ANCHOR, intermediate: 512 };

  await expect(readPackage(packageFiles(), wider)).rejects.toThrow("The FFN size of this expert is 6, the anchor's is 512.");
});

test("a header that announces more than the file holds is not read", async () => {
  const file = new Blob([new Uint8Array([255, 255, 255, 255, 255, 255, 255, 127]), "{}"]);

  await expect(readPackage(packageFiles({ "expert.safetensors": file }), ANCHOR)).rejects.toThrow(/announces a header/);
});

test("the router's optional bias is taken", async () => {
  const router = safetensors({ ...routerTensors(), "layers.0.router.bias": { shape: [] } });

  const found = await readPackage(packageFiles({ "router.safetensors": router }), ANCHOR);

  expect(found.tensors).toBe(4 * LAYERS + 1);
});
