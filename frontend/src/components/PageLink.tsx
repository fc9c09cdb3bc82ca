/** Links and buttons that lead to another page, typed by the router. */
import { Anchor, Button, type AnchorProps, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { forwardRef, type AnchorHTMLAttributes } from "react";

type Attributes<P> = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;

const AnchorElement = forwardRef<HTMLAnchorElement, AnchorProps & Attributes<AnchorProps>>((props, ref) => (
  <Anchor ref={ref} {...props} />
));
AnchorElement.displayName = "PageAnchor";

const ButtonElement = forwardRef<HTMLAnchorElement, ButtonProps & Attributes<ButtonProps>>((props, ref) => (
  <Button component="a" ref={ref} {...props} />
));
ButtonElement.displayName = "PageButton";

export const PageLink = createLink(AnchorElement);
export const PageButton = createLink(ButtonElement);
