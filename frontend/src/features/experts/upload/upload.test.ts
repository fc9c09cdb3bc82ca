/** Bringing a file: it is announced by its hash, only what is missing goes up, and a broken line is tried again. */
import { expect, test, vi } from "vitest";
import { bringFile } from "@/features/experts/upload/upload";
import * as sending from "@/features/experts/upload/send";
import { service } from "@/testing/show";

const BYTES = new Uint8Array([1, 2, 3, 4, 5]);
const SHA256 = "sha256:74f81fe167d99b4cb41d6d0ccda82278caee9f3e2f25d5e5a3936ff3dcec60d0";
const UPLOAD = { id: "f1", path: "expert.json", size: 5, sha256: SHA256, part_size: 2, part_count: 3, completed_at: null };

function store(arrived: number[], announced: object = UPLOAD) {
  return service({
    "POST /versions/v1/files": () => ({ status: 201, body: announced }),
    "GET /files/f1": () => ({ body: { ...UPLOAD, parts: arrived.map((number) => ({ number, sha256: "" })) } }),
    "POST /files/f1/parts": ({ body }) => ({
      body: {
        parts: (body as { parts: { number: number }[] }).parts.map(({ number }) => ({ number, url: `s3:/${number}`, headers: {} })),
      },
    }),
    "POST /files/f1/complete": () => ({ body: { ...UPLOAD, completed_at: "2026-11-22T12:00:00Z" } }),
  });
}

function bring() {
  const seen = { hashed: 0, sent: 0 };
  const file = new File([BYTES], "expert.json");
  const brought = bringFile(
    "v1",
    file,
    { step: vi.fn(), hashed: (bytes) => (seen.hashed += bytes), sent: (bytes) => (seen.sent += bytes) },
    new AbortController().signal,
  );
  return { seen, brought };
}

test("every part goes up once, and the whole is completed", async () => {
  const asked = store([]);
  const send = vi.spyOn(sending, "send").mockResolvedValue();

  const { seen, brought } = bring();
  await brought;

  expect(asked[0]?.body).toEqual({ path: "expert.json", size: 5, sha256: SHA256 });
  expect(send.mock.calls.map(([part]) => part.number).sort()).toEqual([1, 2, 3]);
  expect(asked.at(-1)?.path).toBe("/files/f1/complete");
  expect(seen).toEqual({ hashed: 5, sent: 5 });
});

test("after a break only the missing part goes up", async () => {
  store([1, 3]);
  const send = vi.spyOn(sending, "send").mockResolvedValue();

  const { seen, brought } = bring();
  await brought;

  expect(send.mock.calls.map(([part]) => part.number)).toEqual([2]);
  expect(seen.sent).toBe(5);
});

test("a file that is there already is not sent again", async () => {
  const asked = store([], { ...UPLOAD, completed_at: "2026-11-22T12:00:00Z" });

  const { seen, brought } = bring();
  await brought;

  expect(asked).toHaveLength(1);
  expect(seen.sent).toBe(5);
});

test("a broken line is tried again with a fresh address, and nothing is counted twice", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 100 });
  const asked = store([2, 3]);
  const send = vi
    .spyOn(sending, "send")
    .mockImplementationOnce((_part, _body, onSent) => {
      onSent(1);
      return Promise.reject(new sending.LineBroke("gone"));
    })
    .mockResolvedValue();

  const { seen, brought } = bring();
  await brought;
  vi.useRealTimers();

  expect(send).toHaveBeenCalledTimes(2);
  expect(asked.filter(({ path }) => path === "/files/f1/parts")).toHaveLength(2);
  expect(seen.sent).toBe(5);
});

test("a part that the store refuses ends the upload", async () => {
  store([2, 3]);
  vi.spyOn(sending, "send").mockRejectedValue(new sending.PartRefused("another file"));

  const { brought } = bring();

  await expect(brought).rejects.toThrow("another file");
});

test("while the browser is offline it waits for the line, and a service that is down is asked again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 100 });
  const asked = store([]);
  const fetch = vi.spyOn(window, "fetch");
  fetch.mockRejectedValueOnce(new TypeError("no line"));
  const onLine = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const send = vi.spyOn(sending, "send").mockResolvedValue();

  const { seen, brought } = bring();
  await vi.advanceTimersByTimeAsync(3_600_000);
  const askedWhileOffline = fetch.mock.calls.length;
  onLine.mockReturnValue(true);
  window.dispatchEvent(new Event("online"));
  await brought;
  vi.useRealTimers();

  expect(askedWhileOffline).toBe(1);
  expect(asked[0]?.path).toBe("/versions/v1/files");
  expect(send).toHaveBeenCalledTimes(3);
  expect(seen.sent).toBe(5);
});
