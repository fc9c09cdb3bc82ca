/** A text as a QR code, drawn here: it may hold a secret, and goes to nobody. */
import { useMemo } from "react";
import { encode } from "uqr";

export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { border: 2 });
    const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x.toString()} ${y.toString()}h1v1h-1z`] : [])));
    return { size, path: dark.join("") };
  }, [text]);

  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size.toString()} ${size.toString()}`} width={208} height={208}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  );
}
