/** One of a few, chosen from the browser's own list: it knows the keyboard, the screen reader and the phone, and weighs nothing. */
import { NativeSelect, type NativeSelectProps } from "@mantine/core";

interface ChoiceProps<Value extends string> extends Omit<NativeSelectProps, "data" | "value" | "onChange"> {
  data: readonly (Value | { value: Value; label: string })[];
  /** null: nothing is chosen yet. */
  value: Value | null;
  /** What no choice at all is called, where that is an answer; else nobody can go back to it. */
  none?: string;
  onChange: (value: Value | null) => void;
}

export function Choice<Value extends string>({ data, value, none, onChange, ...rest }: ChoiceProps<Value>) {
  const nothing = none !== undefined || value === null ? [{ value: "", label: none ?? "Choose one", disabled: none === undefined }] : [];
  return (
    <NativeSelect
      {...rest}
      data={[...nothing, ...data]}
      value={value ?? ""}
      onChange={(event) => onChange((event.currentTarget.value || null) as Value | null)}
    />
  );
}
