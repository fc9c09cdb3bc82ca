/** A selector in words: which experts a model asks for without naming them. */
import type { Selector } from "@/api/types";

export function inWords({ domains, organisations }: Selector): string {
  const from = [
    domains.length > 0 ? `in ${domains.join(" or ")}` : "",
    organisations.length > 0 ? `of ${organisations.join(" or ")}` : "",
  ].filter(Boolean);
  return ["all approved experts", ...from, "that the policies allow"].join(" ");
}
