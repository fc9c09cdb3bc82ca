/** What was found in the chosen package, before a byte of it is sent. */
import { Notice } from "@/components/Notice";
import { count, size } from "@/components/sizes";
import type { Package } from "@/features/experts/upload/precheck";

export function PackageSummary({ found }: { found: Package }) {
  return (
    <Notice tone="good" role="status" title="The package looks right">
      {`${count(found.files.length, "file")}, ${size(found.bytes)}: ${count(found.tensors, "tensor")} in ${count(found.layers, "layer")} of ${found.dtype}, signed. The registry reads it again, to the last byte, after the upload.`}
    </Notice>
  );
}
