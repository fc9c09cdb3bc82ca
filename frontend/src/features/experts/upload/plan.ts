/** Which bytes of a file go up in which part, and which parts are still to go. */

export interface Part {
  number: number; // from 1, as S3 counts
  begin: number;
  end: number;
}

/** All parts of a file. An empty file is one empty part. */
export function partsOf(size: number, partSize: number): Part[] {
  if (partSize <= 0) throw new Error(`a part of ${partSize} bytes`);
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    begin: index * partSize,
    end: Math.min(size, (index + 1) * partSize),
  }));
}

/** The parts that have not arrived yet. */
export function stillToGo(parts: readonly Part[], arrived: readonly { number: number }[]): Part[] {
  const there = new Set(arrived.map((part) => part.number));
  return parts.filter((part) => !there.has(part.number));
}

export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (part.end - part.begin), 0);
}
