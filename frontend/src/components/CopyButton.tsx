/** Copies a text, and says so to the eye and to the ear. */
import { Button, CopyButton as Copying, VisuallyHidden } from "@mantine/core";

export function CopyButton({ text, what }: { text: string; what: string }) {
  return (
    <Copying value={text} timeout={2500}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size="compact-xs"
          flex="none"
          onClick={copy}
          aria-label={copied ? `Copied ${what}` : `Copy ${what}`}
        >
          {copied ? "Copied" : "Copy"}
          <VisuallyHidden aria-live="polite">{copied ? `Copied ${what}` : ""}</VisuallyHidden>
        </Button>
      )}
    </Copying>
  );
}
