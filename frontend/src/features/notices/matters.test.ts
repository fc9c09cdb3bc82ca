/** One matter, several messages: they are shown once, and one acknowledgement settles them. */
import { expect, test } from "vitest";
import type { Delivery } from "@/features/notices/api";
import { isOpen, matters } from "@/features/notices/matters";

const SENT: Delivery = {
  id: "d1",
  kind: "version.withdrawn",
  about: "stage/drama@1",
  channel: "mail",
  to: "lee@reading-hall.example",
  body: { title: "stage/drama@1 was withdrawn", text: "Delete your copies." },
  state: "delivered",
  attempts: 1,
  reminders: 0,
  asks: true,
  created_at: "2026-11-22T10:00:00Z",
  next_try_at: null,
  delivered_at: "2026-11-22T10:00:01Z",
  last_answer: "",
  acknowledged_at: null,
  acknowledged_by: "",
};

test("two messages on one matter are one notice, open until somebody acknowledges", () => {
  const [notice, ...more] = matters([SENT, { ...SENT, id: "d2", channel: "webhook", to: "https://hooks.example/g", state: "waiting", attempts: 2 }]);

  expect(more).toEqual([]);
  expect(notice).toMatchObject({ title: "stage/drama@1 was withdrawn", acknowledgedAt: null });
  expect(notice?.ways).toEqual(["by mail to lee@reading-hall.example", "posted to https://hooks.example/g: on its way, tried 2 times"]);
  expect(notice && isOpen(notice)).toBe(true);
});

test("one acknowledged copy settles the others, and what asks for none is never open", () => {
  const settled = matters([SENT, { ...SENT, id: "d2", acknowledged_at: "2026-11-22T11:00:00Z" }]);
  const silent = matters([{ ...SENT, asks: false }]);

  expect([...settled, ...silent].map(isOpen)).toEqual([false, false]);
});
