/** The doors beside the password: a passkey, and the identity provider where there is one. */
import { Button, Divider, Stack } from "@mantine/core";
import { csrfToken } from "@/api/client";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useProviders, useSignInByPasskey } from "@/features/accounts/security";

export function OtherDoors({ back, onSignedIn }: { back: string; onSignedIn: () => void }) {
  const byPasskey = useSignInByPasskey();
  const providers = useProviders().data ?? [];
  return (
    <Stack>
      <Divider label="or" />
      <Button variant="default" loading={byPasskey.isPending} onClick={() => byPasskey.mutate(undefined, { onSuccess: onSignedIn })}>
        Sign in with a passkey
      </Button>
      {byPasskey.error && <RefusalNotice error={byPasskey.error} />}
      {providers.map(({ id, name }) => (
        // A form, not a call: the browser goes to the provider and comes back.
        <form key={id} method="post" action="/auth/provider">
          <input type="hidden" name="csrfmiddlewaretoken" value={csrfToken()} />
          <input type="hidden" name="provider" value={id} />
          <input type="hidden" name="process" value="login" />
          <input type="hidden" name="callback_url" value={back} />
          <Button type="submit" variant="default" fullWidth>
            Sign in with {name}
          </Button>
        </form>
      ))}
    </Stack>
  );
}
