/** The page's nonce: the only style elements that the browser lets in carry it. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>("meta[property='csp-nonce']")?.nonce ?? "";
}
