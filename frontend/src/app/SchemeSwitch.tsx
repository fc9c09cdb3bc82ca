/** Light, dark, or as the system says. */
import { SegmentedControl, useMantineColorScheme, VisuallyHidden } from "@mantine/core";

const CHOICES = [
  { value: "auto", sign: "◐", words: "As the system says" },
  { value: "light", sign: "☀", words: "Light" },
  { value: "dark", sign: "☾", words: "Dark" },
] as const;

export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      size="xs"
      aria-label="Appearance"
      value={colorScheme}
      onChange={setColorScheme}
      data={CHOICES.map(({ value, sign, words }) => ({
        value,
        label: (
          <span title={words}>
            <span aria-hidden>{sign}</span>
            <VisuallyHidden>{words}</VisuallyHidden>
          </span>
        ),
      }))}
    />
  );
}
