/** The package that an owner has chosen: read and checked in the browser, or what is wrong with it. */
import { useCallback, useState } from "react";
import { readPackage, type AnchorShape, type Package } from "@/features/experts/upload/precheck";

export function usePackage(anchor: AnchorShape | null) {
  const [found, setFound] = useState<Package | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  const choose = useCallback(
    async (files: readonly File[]): Promise<Package | null> => {
      try {
        const read = await readPackage(files, anchor);
        setFound(read);
        setFault(null);
        return read;
      } catch (wrong) {
        setFound(null);
        setFault(wrong instanceof Error ? wrong.message : String(wrong));
        return null;
      }
    },
    [anchor],
  );

  return { found, fault, choose };
}
