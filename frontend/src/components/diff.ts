/** What was taken out of a text and what was put in, part by part: the longest common row of parts stays. */
export type Change = readonly [kind: "same" | "out" | "in", part: string];

const MOST = 4_000_000; // cells of the table; beyond, the middle is shown as replaced

export function changes(before: readonly string[], after: readonly string[]): Change[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (part: string): Change => ["same", part];
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Change[] {
  if (before.length * after.length > MOST) {
    return [...before.map((part): Change => ["out", part]), ...after.map((part): Change => ["in", part])];
  }
  const longest = table(before, after);
  const width = after.length + 1;
  const at = (row: number, column: number) => longest[row * width + column] ?? 0;
  const found: Change[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const out = before[row];
    const put = after[column];
    if (out !== undefined && out === put) {
      found.push(["same", out]);
      row += 1;
      column += 1;
    } else if (out !== undefined && (put === undefined || at(row + 1, column) >= at(row, column + 1))) {
      found.push(["out", out]);
      row += 1;
    } else if (put !== undefined) {
      found.push(["in", put]);
      column += 1;
    }
  }
  return found;
}

/** How many parts the rests have in common, from each place on. */
function table(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const longest = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      longest[row * width + column] =
        before[row] === after[column]
          ? (longest[(row + 1) * width + column + 1] ?? 0) + 1
          : Math.max(longest[(row + 1) * width + column] ?? 0, longest[row * width + column + 1] ?? 0);
    }
  }
  return longest;
}

export type Piece = { kind: Change[0]; parts: string[] };

/** Changes of one kind in a row as one piece. */
export function pieces(found: readonly Change[]): Piece[] {
  const grouped: Piece[] = [];
  for (const [kind, part] of found) {
    const last = grouped.at(-1);
    if (last?.kind === kind) last.parts.push(part);
    else grouped.push({ kind, parts: [part] });
  }
  return grouped;
}
