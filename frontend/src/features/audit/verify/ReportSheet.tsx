/** A report as a person reads it: the findings, what was proven, and what was signed, whole. */
import { Box, Stack } from "@mantine/core";
import { Facts } from "@/components/Facts";
import { JsonTree } from "@/components/JsonTree";
import { Findings } from "@/features/audit/Findings";
import type { Report } from "@/features/audit/verify/findings";

export function ReportSheet({ report, what }: { report: Report; what: string }) {
  const { residuals, ...rest } = report.told ?? {};
  return (
    <Stack gap="md" w="100%">
      <Findings
        findings={report.findings}
        broken={`This ${what} does not check out`}
        whole={`Your browser checked this ${what}: it holds`}
        partly={`Your browser checked this ${what}: what it could look at holds`}
      />
      <Facts facts={report.facts} />
      {residuals !== undefined && (
        <Box component="section" aria-label="What stays out of reach">
          <h3>What stays out of reach</h3>
          <JsonTree value={residuals} />
        </Box>
      )}
      {report.told && (
        <details>
          <summary>Everything that was signed</summary>
          <JsonTree value={rest} />
        </details>
      )}
    </Stack>
  );
}
