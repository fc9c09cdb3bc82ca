/** Light, dark, or as the system says. */
import { SegmentedControl, useMantineColorScheme } from "@mantine/core";

const CHOICES = [
  { value: "auto", label: "Auto" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl size="xs" aria-label="Appearance" value={colorScheme} onChange={setColorScheme} data={[...CHOICES]} />
  );
}
