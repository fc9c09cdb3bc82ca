/** A picture with a sentence that says what it shows, and the same as a table for whoever would rather read. */
import type { ReactNode } from "react";
import classes from "@/components/Picture.module.css";

interface PictureProps {
  /** What it shows, in one sentence: heard in the picture's place. */
  says: string;
  /** The same as a table. */
  table: ReactNode;
  /** It scrolls sideways where it does not fit. */
  wide?: boolean;
  children: ReactNode;
}

export function Picture({ says, table, wide = false, children }: PictureProps) {
  return (
    <figure className={classes["figure"]}>
      {/* A wide picture scrolls on a small screen, so the keyboard must reach it. */}
      <div className={classes["frame"]} {...(wide && { tabIndex: 0, role: "region", "aria-label": "The picture" })}>
        <div role="img" aria-label={says}>
          {children}
        </div>
      </div>
      <figcaption className={classes["caption"]}>
        <span>{says}</span>
        <details>
          <summary>As a table</summary>
          {table}
        </details>
      </figcaption>
    </figure>
  );
}
