/** How somebody signs in: second steps, passkeys, recovery codes, their sessions. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { SESSION } from "@/api/session";
import { ask, door } from "@/features/accounts/door";
import { addPasskey, passkeyAt } from "@/features/accounts/passkeys";

export interface Authenticator {
  type: "totp" | "recovery_codes" | "webauthn";
  created_at: number;
  last_used_at: number | null;
  id?: number;
  name?: string;
  unused_code_count?: number;
}

export interface OpenSession {
  id: number;
  user_agent: string;
  ip: string;
  created_at: number;
  is_current: boolean;
}

interface Setup {
  secret: string;
  totp_url: string;
}

interface Config {
  socialaccount: { providers: { id: string; name: string }[] };
}

const AUTHENTICATORS = ["authenticators"];
const SESSIONS = ["sessions"];

/** From the seconds of the service to the moments that the pages speak of. */
export function momentOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

export function useProviders() {
  return useQuery({
    queryKey: ["providers"],
    queryFn: async () => (await door<Config>("GET", "config")).socialaccount.providers,
    staleTime: Infinity,
  });
}

function useStep<T>(step: (given: T) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: step, onSuccess: () => queries.invalidateQueries({ queryKey: SESSION }) });
}

export const useCode = () => useStep((code: string) => door("POST", "second-step", { code }));
export const useStepByPasskey = () => useStep(() => passkeyAt("second-step/passkey"));
export const useSignInByPasskey = () => useStep(() => passkeyAt("passkey"));

export function useAgain() {
  return useMutation({ mutationFn: (password: string) => door("POST", "again", { password }) });
}

export function useAgainByPasskey() {
  return useMutation({ mutationFn: () => passkeyAt("again/passkey") });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (body: { current_password: string; new_password: string }) => door("POST", "password", body),
  });
}

export function useAuthenticators() {
  return useQuery({ queryKey: AUTHENTICATORS, queryFn: () => door<Authenticator[]>("GET", "authenticators") });
}

function useChange<T, R>(change: (given: T) => Promise<R>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: AUTHENTICATORS }) });
}

/** A new secret for an authenticator app: the service tells it with "there is none yet". */
export function useBeginTotp() {
  return useMutation({
    mutationFn: async (): Promise<Setup> => {
      const { meta } = await ask("GET", "authenticators/totp");
      return meta as Setup;
    },
  });
}

export const useActivateTotp = () => useChange((code: string) => door("POST", "authenticators/totp", { code }));
export const useDeactivateTotp = () => useChange(() => door("DELETE", "authenticators/totp"));
export const useNewCodes = () =>
  useChange(() => door<{ unused_codes: string[] }>("POST", "authenticators/recovery-codes"));
export const useAddPasskey = () => useChange(addPasskey);
export const useRemovePasskey = () =>
  useChange((id: number) => door("DELETE", "authenticators/passkeys", { authenticators: [id] }));

export function useSessions() {
  return useQuery({ queryKey: SESSIONS, queryFn: () => door<OpenSession[]>("GET", "sessions") });
}

export function useEndSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => door("DELETE", "sessions", { sessions: [id] }),
    onSuccess: () => queries.invalidateQueries({ queryKey: SESSIONS }),
  });
}
