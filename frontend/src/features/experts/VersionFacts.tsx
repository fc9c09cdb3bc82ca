/** What a version is: its digests, its signature, who brought it and when. */
import type { Version } from "@/api/types";
import { Digest } from "@/components/Digest";
import { Facts } from "@/components/Facts";
import { When } from "@/components/When";

export function VersionFacts({ version }: { version: Version }) {
  return (
    <Facts
      facts={[
        ["Data digest", <Digest key="data" value={version.data_digest} what="data digest" />],
        ["Router digest", <Digest key="router" value={version.router_digest} what="router digest" />],
        ["Signed with", version.signed_with ? <Digest key="key" value={version.signed_with} what="key fingerprint" /> : "not signed"],
        ["Brought by", version.created_by],
        ["Drafted", <When key="drafted" at={version.created_at} />],
        ["Submitted", version.submitted_at && <When key="submitted" at={version.submitted_at} />],
        ["Verified", version.verified_at && <When key="verified" at={version.verified_at} />],
        ["Notes", version.notes],
      ]}
    />
  );
}
