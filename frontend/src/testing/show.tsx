/** Shows a component as the pages do, with a service that answers as the test says. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

export function show(component: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={queries}>{component}</QueryClientProvider>
    </MantineProvider>,
  );
}

interface Asked {
  method: string;
  path: string;
  body: unknown;
}

type Answers = Record<string, (asked: Asked) => { status?: number; body?: unknown }>;

/** Puts answers in the place of the service, by "METHOD /path"; tells afterwards what was asked. */
export function service(answers: Answers): Asked[] {
  const asked: Asked[] = [];
  vi.spyOn(window, "fetch").mockImplementation(async (input) => {
    const request = input as Request;
    const text = await request.clone().text();
    const one = {
      method: request.method,
      path: new URL(request.url).pathname.replace("/api/v1", ""),
      body: text ? (JSON.parse(text) as unknown) : undefined,
    };
    asked.push(one);
    const answered = answers[`${one.method} ${one.path}`]?.(one) ?? { status: 404, body: { title: "?", status: 404 } };
    const plain = typeof answered.body === "string";
    const body = plain ? (answered.body as string) : JSON.stringify(answered.body);
    return new Response(answered.body === undefined ? null : body, {
      status: answered.status ?? 200,
      headers: { "Content-Type": plain ? "text/plain" : "application/json" },
    });
  });
  return asked;
}
