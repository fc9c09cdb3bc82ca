/** The browser's side of passkeys: what the service asks goes to the authenticator, what that answers goes back. */
import { Refusal } from "@/api/client";
import { door } from "@/features/accounts/door";

function stopped(): Refusal {
  const detail = "The passkey was not used: it was cancelled, or this browser has none that fits.";
  return new Refusal({ type: "about:blank", title: "Cancelled", status: 0, code: "cancelled", detail });
}

async function answered(asking: Promise<Credential | null>): Promise<unknown> {
  let credential: Credential | null;
  try {
    credential = await asking;
  } catch (fault) {
    if (fault instanceof DOMException) throw stopped();
    throw fault;
  }
  if (!(credential instanceof PublicKeyCredential)) throw stopped();
  return credential.toJSON();
}

interface Asked<T> {
  publicKey: T;
}

/** Sign in, take the second step or show that it is still you, by the address that asks for it. */
export async function passkeyAt(address: string): Promise<void> {
  const { request_options } = await door<{ request_options: Asked<PublicKeyCredentialRequestOptionsJSON> }>("GET", address);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(request_options.publicKey);
  await door("POST", address, { credential: await answered(navigator.credentials.get({ publicKey })) });
}

export async function addPasskey(name: string): Promise<void> {
  const address = "authenticators/passkeys";
  const { creation_options } = await door<{ creation_options: Asked<PublicKeyCredentialCreationOptionsJSON> }>(
    "GET",
    `${address}?passwordless`,
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(creation_options.publicKey);
  await door("POST", address, { name, credential: await answered(navigator.credentials.create({ publicKey })) });
}
