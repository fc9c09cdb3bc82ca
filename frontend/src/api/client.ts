/** Speaks to the registry: typed calls, the CSRF header, and every refusal as one kind of error. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "@/api/schema";

export type Problem = components["schemas"]["Problem"];

/** A refusal in the server's own words: what is wrong and what to do. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "Refusal";
    this.problem = problem;
  }
}

const UNREACHABLE: Problem = {
  type: "about:blank",
  title: "No connection",
  status: 0,
  code: "unreachable",
  detail: "The service cannot be reached. Check your connection and try again.",
};

/** What is said when there is no way to the service. */
export function unreachable(): Refusal {
  return new Refusal(UNREACHABLE);
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof Refusal && error.problem.code === UNREACHABLE.code;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "title" in value && "status" in value;
}

function unexplained(response: Response): Problem {
  return {
    type: "about:blank",
    title: "Something went wrong",
    status: response.status,
    code: "unexplained",
    detail: `The service answered ${response.status} without saying why. Try again in a moment.`,
  };
}

function cookie(name: string): string {
  const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

/** What every change is sent with, to show that it comes from a page of ours. */
export function csrfToken(): string {
  return cookie("csrftoken");
}

const withCsrf: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-CSRFToken", csrfToken());
    return request;
  },
};

// `fetch` is looked up at each call, so that a test can put its own in place.
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => window.fetch(request),
});
client.use(withCsrf);

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function outcome<T>(call: Promise<Outcome<T>>): Promise<Outcome<T>> {
  let result: Outcome<T>;
  try {
    result = await call;
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
    throw unreachable();
  }
  if (result.response.ok) return result;
  throw new Refusal(isProblem(result.error) ? result.error : unexplained(result.response));
}

/** The body of a good answer; a bad one is thrown as a Refusal. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<NonNullable<T>> {
  const { data, response } = await outcome(call);
  if (data === undefined || data === null) throw new Refusal(unexplained(response));
  return data;
}

/** A body together with its tag, which a later change sends back to say what was read. */
export async function tagged<T>(call: Promise<Outcome<T>>): Promise<NonNullable<T> & { etag: string | null }> {
  const body = await answer(call);
  const { response } = await call;
  return { ...body, etag: response.headers.get("ETag") };
}

/** For an answer without a body. */
export async function done(call: Promise<Outcome<unknown>>): Promise<void> {
  await outcome(call);
}

/** A file of the service that no schema describes, as its bytes: the log's checkpoint, its leaves and proofs. */
export async function bytesAt(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await window.fetch(new Request(new URL(path, window.location.origin)));
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw new Refusal(await refused(response));
  return new Uint8Array(await response.arrayBuffer());
}

export async function textOf(path: string): Promise<string> {
  return new TextDecoder().decode(await bytesAt(path));
}

/** Such files are refused in a plain sentence. */
async function refused(response: Response): Promise<Problem> {
  const plain = response.headers.get("Content-Type")?.startsWith("text/plain") ?? false;
  const detail = plain ? (await response.text()).trim() : "";
  return detail ? { ...unexplained(response), title: "Not found", detail } : unexplained(response);
}
