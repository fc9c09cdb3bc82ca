/** Where a version stands on its way, and what happens next. */
import type { Version } from "@/api/types";
import { Notice } from "@/components/Notice";

type Words = [tone: "info" | "good" | "warning" | "bad", title: string, next: string];

const WORDS: Record<Version["state"], Words> = {
  draft: ["info", "A draft", "Its files are not all here yet. Nobody else can use it."],
  submitted: ["info", "Being verified", "The registry reads every file and compares it with what was declared. This page follows."],
  verified: ["info", "Verified, and waiting for review", "Somebody with the compliance role, from another organisation, decides next."],
  failed: ["bad", "The package is not what it should be", "Mend it and upload it as a new version."],
  approved: ["good", "Approved", "Consumers can ask for models with it, within its licence and its consent."],
  paused: ["warning", "Paused", "Nobody can load or ask for a model with it until its owner resumes it. Nothing is blocked or destroyed."],
  suspended: ["warning", "Suspended", "Nobody can load or ask for a model with it until compliance has decided on it again."],
  rejected: ["bad", "Rejected in review", "The review says why. A new version can be uploaded."],
  withdrawn: ["warning", "Withdrawn, for good", "Nothing new is built on it, and what held it is no longer served."],
};

export function VersionState({ version }: { version: Version }) {
  const [tone, title, next] = WORDS[version.state];
  return (
    <Notice tone={tone} title={title} role="status">
      {version.failure ? `${version.failure} ${next}` : next}
    </Notice>
  );
}
