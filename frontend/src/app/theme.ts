/** Colours, type and spacing. Every pair of text and ground has a contrast of at least 4.5 to 1, light and dark. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const slate: MantineColorsTuple = [
  "#eef4fa",
  "#d8e5f2",
  "#b2cbe5",
  "#8bb0d7",
  "#6697c9",
  "#4680b8",
  "#35699c",
  "#2a5580",
  "#214466",
  "#18334d",
];

// Greys with a little of the same blue: text, borders, fields and grounds of the dark scheme.
const dark: MantineColorsTuple = [
  "#d7dce2",
  "#b3bbc4",
  "#98a1ab",
  "#66717c",
  "#48515a",
  "#39414a",
  "#2a3037",
  "#1f2429",
  "#181b1f",
  "#121417",
];

const crimson: MantineColorsTuple = [
  "#fdeeed",
  "#fad4d1",
  "#f3aea9",
  "#ec8880",
  "#e2655c",
  "#d0463d",
  "#bd3129",
  "#a3251e",
  "#8c1d17",
  "#6b1511",
];

export const theme = createTheme({
  primaryColor: "slate",
  primaryShade: { light: 7, dark: 7 },
  colors: { slate, crimson, dark },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  components: {
    Modal: { styles: { title: { fontWeight: 650, fontSize: "1.2rem" } } },
    // A link inside a sentence must be seen without its colour; where it stands alone, it says underline="hover".
    Anchor: { defaultProps: { underline: "always" } },
  },
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.75rem", lineHeight: "1.25" },
      h2: { fontSize: "1.2rem", lineHeight: "1.35" },
      h3: { fontSize: "1.05rem", lineHeight: "1.4" },
    },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f7f9fa",
    "--mantine-color-dimmed": "#535d67",
    "--mantine-color-placeholder": "#68727c",
    "--mantine-color-error": "#a3251e",
    "--mantine-color-anchor": slate[7],
  },
  dark: {
    "--mantine-color-body": dark[8],
    "--mantine-color-dimmed": dark[1],
    "--mantine-color-placeholder": dark[2],
    "--mantine-color-error": "#f7b4ae",
    "--mantine-color-anchor": slate[2],
  },
});
