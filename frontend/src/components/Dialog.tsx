/** A dialog that is fetched when somebody first opens one: see LateDialog. */
import { Modal, type ModalProps } from "@mantine/core";
import { useDeferredValue } from "react";

export type DialogProps = Pick<ModalProps, "opened" | "onClose" | "title" | "size" | "yOffset" | "children">;

export function Dialog({ opened, ...rest }: DialogProps) {
  // It opens after it is there: only then it remembers where the focus was, and gives it back.
  const shown = useDeferredValue(opened, false);
  return <Modal opened={shown} closeButtonProps={{ "aria-label": "Close this dialog" }} {...rest} />;
}
