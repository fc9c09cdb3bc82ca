/** A moment, told by its distance; the exact time is in its title. */
import { fromNow, moment } from "@/components/dates";

export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={moment(at)}>
      {fromNow(at)}
    </time>
  );
}
