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
  colors: { slate, crimson },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
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
    "--mantine-color-body": "#fbfcfd",
    "--mantine-color-dimmed": "#535d67",
    "--mantine-color-placeholder": "#68727c",
    "--mantine-color-error": "#a3251e",
    "--mantine-color-anchor": slate[7],
  },
  dark: {
    "--mantine-color-body": "#181b1f",
    "--mantine-color-dimmed": "#b3bbc4",
    "--mantine-color-placeholder": "#98a1ab",
    "--mantine-color-error": "#f7b4ae",
    "--mantine-color-anchor": slate[2],
  },
});
