/** A sentence of the service, with what stands in backticks as code. */
import { Fragment } from "react";

export function Sentence({ text }: { text: string }) {
  return text.split("`").map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : <Fragment key={place}>{part}</Fragment>));
}
