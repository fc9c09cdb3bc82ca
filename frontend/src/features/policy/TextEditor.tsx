/** A plain text field with line numbers, in which the lines that are wrong are marked. Tab leaves it, as in every field. */
import { forwardRef, useImperativeHandle, useMemo, useRef } from "react";
import type { PolicyFault } from "@/api/types";
import { offsetOf, wordAt } from "@/features/policy/examples";
import classes from "@/features/policy/Policy.module.css";

const LINE = 24; // pixels, 1.5rem, as in the style sheet
const MARGIN = "0.75rem";

export interface TextEditorHandle {
  /** Puts the caret where a fault lies. */
  goTo: (line: number, column: number) => void;
}

interface TextEditorProps {
  label: string;
  value: string;
  faults: readonly PolicyFault[];
  describedBy: string;
  onChange: (value: string) => void;
}

export const TextEditor = forwardRef<TextEditorHandle, TextEditorProps>(function TextEditor(
  { label, value, faults, describedBy, onChange },
  ref,
) {
  const field = useRef<HTMLTextAreaElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => value.split("\n"), [value]);
  const widest = useMemo(() => Math.max(...lines.map((line) => line.length)), [lines]);
  const wrong = new Set(faults.map(({ line }) => line));

  useImperativeHandle(ref, () => ({
    goTo: (line, column) => {
      const at = offsetOf(value, line, column);
      field.current?.focus({ preventScroll: true });
      field.current?.setSelectionRange(at, at + wordAt(value, at).length);
      frame.current?.scrollIntoView({ block: "nearest" });
      frame.current?.scrollTo({ top: Math.max(0, (line - 4) * LINE), left: 0 });
    },
  }));

  return (
    <div className={classes["frame"]} ref={frame}>
      <div className={classes["numbers"]} aria-hidden>
        {lines.map((_, place) => (
          <div key={place} data-wrong={wrong.has(place + 1) || undefined}>
            {place + 1}
          </div>
        ))}
      </div>
      <div className={classes["page"]}>
        {faults.map(
          ({ line, column, sentence }) =>
            line !== null &&
            column !== null && (
              <div
                key={`${line} ${column} ${sentence}`}
                className={classes["mark"]}
                style={{ top: `calc(0.5rem + ${(line - 1) * LINE}px)` }}
              >
                <span
                  style={{
                    left: `calc(${MARGIN} + ${column - 1}ch)`,
                    width: `${Math.max(1, wordAt(value, offsetOf(value, line, column)).length)}ch`,
                  }}
                />
              </div>
            ),
        )}
        <textarea
          ref={field}
          className={classes["text"]}
          aria-label={label}
          aria-invalid={faults.length > 0}
          aria-describedby={describedBy}
          spellCheck={false}
          autoCapitalize="off"
          autoCorrect="off"
          wrap="off"
          rows={lines.length}
          style={{ width: `calc(${widest + 1}ch + 2 * ${MARGIN})`, height: `calc(${lines.length * LINE}px + 1rem)` }}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </div>
    </div>
  );
});
