/** Sizes and counts as people say them. */
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** "1.5 MB": decimal units, as disks and network lines are sold. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${value === 1 && unit === 0 ? "byte" : UNITS[unit]}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
}
