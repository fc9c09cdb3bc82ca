/** The addresses under /auth: second steps, passkeys, sessions. Their refusals become ours, in the service's own words. */
import { csrfToken, Refusal, type Problem } from "@/api/client";

interface Answer {
  status: number;
  data?: unknown;
  meta?: { is_authenticated?: boolean };
  errors?: { message: string }[];
}

/** What a change is refused with until somebody has shown again that it is them. */
export const AGAIN = "again";

function problem(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: "Refused", status, code, detail };
}

function refusal(answer: Answer): Refusal {
  const said = (answer.errors ?? []).map(({ message }) => message).join(" ");
  if (said) return new Refusal(problem(answer.status, "invalid", said));
  if (answer.status === 401 && answer.meta?.is_authenticated) {
    return new Refusal(problem(401, AGAIN, "Show first that it is still you."));
  }
  if (answer.status === 401) return new Refusal(problem(401, "not-signed-in", "Sign in again; this took too long."));
  if (answer.status === 429) return new Refusal(problem(429, "too-often", "Too many attempts; try again in some minutes."));
  return new Refusal(problem(answer.status, "refused", "The service refused this without saying why."));
}

export async function ask(method: string, address: string, body?: unknown): Promise<Answer> {
  const headers = new Headers({ "X-CSRFToken": csrfToken() });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    response = await window.fetch(`/auth/${address}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new Refusal(problem(0, "unreachable", "The service cannot be reached. Check your connection and try again."));
  }
  try {
    return (await response.json()) as Answer;
  } catch {
    return { status: response.status };
  }
}

/** The data of a good answer. */
export async function door<T>(method: string, address: string, body?: unknown): Promise<T> {
  const answer = await ask(method, address, body);
  if (answer.status >= 400) throw refusal(answer);
  return answer.data as T;
}
