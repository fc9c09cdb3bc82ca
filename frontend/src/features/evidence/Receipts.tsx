/** The signed receipts of a consent: that it was given, and how it ended. Each is checked offline, asking nobody. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import type { Receipt } from "@/api/types";
import { Answered } from "@/components/Answered";
import { Digest } from "@/components/Digest";
import { RowList } from "@/components/RowList";
import { When } from "@/components/When";

const SAYS: Record<Receipt["state"], string> = {
  given: "The consent was given",
  withdrawn: "The consent was withdrawn",
  lapsed: "The consent ran out",
  invalidated: "The right was never held",
  terminated: "The licence ended, and the consent with it",
};

interface ReceiptsProps {
  versionId: string;
  /** organisation/name@number */
  name: string;
}

export function Receipts({ versionId, name }: ReceiptsProps) {
  const receipts = useQuery({
    queryKey: ["versions", versionId, "receipts"],
    queryFn: () => answer(client.GET("/api/v1/versions/{version_id}/receipts", { params: { path: { version_id: versionId } } })),
  });
  return (
    <Answered query={receipts} what="receipts">
      {({ receipts: found }) =>
        found.length === 0 ? (
          <Text c="dimmed" size="sm">
            None yet: the first is made when the version is submitted.
          </Text>
        ) : (
          <RowList label="Receipts">
            {found.map(({ state, issued_at, digest }) => (
              <li key={state}>
                <Group justify="space-between" gap="xs" align="flex-start">
                  <Stack gap={4} miw={0}>
                    <Text size="sm" component="div">
                      {SAYS[state]}, <When at={issued_at} />
                    </Text>
                    <Digest value={digest} what="digest of the receipt" />
                  </Stack>
                  <Button
                    component="a"
                    href={`/api/v1/versions/${versionId}/receipt?state=${state}`}
                    download={`${name.replace(/[/@]/g, "-")}-${state}.json`}
                    variant="default"
                    size="xs"
                    aria-label={`Download the receipt: ${SAYS[state]}`}
                  >
                    Download
                  </Button>
                </Group>
              </li>
            ))}
          </RowList>
        )
      }
    </Answered>
  );
}
