/** Two texts as one: what was taken out and what was put in, said by signs and to a screen reader, not by colour alone. */
import { Text, VisuallyHidden } from "@mantine/core";
import { useMemo, useState } from "react";
import { changes, pieces, type Change, type Piece } from "@/components/diff";
import { passages } from "@/components/prose";
import { count } from "@/components/sizes";
import classes from "@/components/TextDiff.module.css";

const AROUND = 3;
const SIGNS: Record<Change[0], string> = { same: " ", out: "−", in: "+" };

interface TextDiffProps {
  before: string;
  after: string;
  label: string;
}

/** Line by line, what stays folded away but for a few lines around each change. */
export function LineDiff({ before, after, label }: TextDiffProps) {
  const found = useMemo(() => pieces(changes(before.split("\n"), after.split("\n"))), [before, after]);
  if (found.every(({ kind }) => kind === "same")) {
    return (
      <Text c="dimmed" size="sm">
        There is no difference.
      </Text>
    );
  }
  return (
    <div className={classes["lines"]} role="group" aria-label={label}>
      {found.map((piece, place) => (
        <LinePiece key={place} piece={piece} first={place === 0} last={place === found.length - 1} />
      ))}
    </div>
  );
}

function LinePiece({ piece: { kind, parts }, first, last }: { piece: Piece; first: boolean; last: boolean }) {
  const [opened, setOpened] = useState(false);
  const above = first ? 0 : AROUND;
  const below = last ? 0 : AROUND;
  const folded = parts.length - above - below;
  if (kind !== "same" || opened || folded <= 1) {
    return parts.map((part, place) => <Line key={place} kind={kind} part={part} />);
  }
  return (
    <>
      {parts.slice(0, above).map((part, place) => (
        <Line key={place} kind={kind} part={part} />
      ))}
      <button type="button" className={classes["gap"]} onClick={() => setOpened(true)}>
        Show {count(folded, "line")} that stay
      </button>
      {parts.slice(parts.length - below).map((part, place) => (
        <Line key={`below ${place}`} kind={kind} part={part} />
      ))}
    </>
  );
}

function Line({ kind, part }: { kind: Change[0]; part: string }) {
  return (
    <div className={classes["line"]} data-kind={kind}>
      <span aria-hidden className={classes["sign"]}>
        {SIGNS[kind]}
      </span>
      <Marked kind={kind}>{part}</Marked>
    </div>
  );
}

/** Word by word, as running text: for licences and other prose. */
export function WordDiff({ before, after, label }: TextDiffProps) {
  const found = useMemo(() => pieces(changes(before.split(/(\s+)/), after.split(/(\s+)/))), [before, after]);
  return (
    <div className={classes["running"]} role="group" aria-label={label}>
      {found.map(({ kind, parts }, place) => (
        <Marked key={place} kind={kind}>
          {parts.join("")}
        </Marked>
      ))}
    </div>
  );
}

function Marked({ kind, children }: { kind: Change[0]; children: string }) {
  if (kind === "same") return <span>{children}</span>;
  const Tag = kind === "out" ? "del" : "ins";
  return (
    <Tag>
      <VisuallyHidden>{kind === "out" ? "taken out: " : "put in: "}</VisuallyHidden>
      {children}
    </Tag>
  );
}

/** Long prose: what stays is folded away, what was rewritten is shown word by word. */
export function ProseDiff({ before, after, label }: TextDiffProps) {
  const found = useMemo(() => passages(before, after), [before, after]);
  const [all, setAll] = useState(false);
  const stay = found.filter(({ kind }) => kind === "same").length;
  return (
    // It scrolls, so the keyboard must reach it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes["prose"]} tabIndex={0} role="region" aria-label={label}>
      {stay > 0 && !all && (
        <button type="button" className={classes["gap"]} onClick={() => setAll(true)}>
          Show also {count(stay, "paragraph")} that {stay === 1 ? "is" : "are"} the same
        </button>
      )}
      {found.map((passage, place) => {
        if (passage.kind === "rewritten") {
          return <WordDiff key={place} before={passage.before} after={passage.after} label={`Rewritten, paragraph ${place + 1}`} />;
        }
        if (passage.kind === "same" && !all) return null;
        return (
          <div key={place} className={classes["running"]}>
            <Marked kind={passage.kind}>{passage.text}</Marked>
          </div>
        );
      })}
    </div>
  );
}
