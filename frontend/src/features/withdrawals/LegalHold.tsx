/** A duty to keep the bytes: it stops destruction, never denial. Placed and lifted by compliance and operators. */
import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { When } from "@/components/When";
import { useHold, useLiftHold, usePlaceHold } from "@/features/withdrawals/api";
import { ReasonDialog } from "@/features/withdrawals/ReasonDialog";

export function LegalHold({ versionId, name }: { versionId: string; name: string }) {
  const [asking, { open, close }] = useDisclosure(false);
  const hold = useHold(versionId);
  const place = usePlaceHold(versionId);
  const lift = useLiftHold(versionId);
  return (
    <Answered query={hold} what="legal hold">
      {({ hold: found }) => (
        <>
          {found ? (
            <Notice tone="warning" title="A legal hold keeps its stored weights">
              <Text size="sm">
                Placed <When at={found.placed_at} />: {found.reason}
              </Text>
            </Notice>
          ) : (
            <Text c="dimmed" size="sm">
              No hold lies on it: after a withdrawal its stored weights are destroyed.
            </Text>
          )}
          <Group>
            {found ? (
              <ConfirmButton
                words="Lift the hold"
                about={`on ${name}`}
                question="If it is withdrawn and the destruction confirmed, its weights are destroyed."
                loading={lift.isPending}
                onConfirm={() => lift.mutate()}
              />
            ) : (
              <Button variant="default" onClick={open}>
                Place a legal hold
              </Button>
            )}
          </Group>
          {lift.error && <RefusalNotice error={lift.error} />}
          <ReasonDialog
            title={`Legal hold on ${name}`}
            says="Its stored weights are kept, whatever is withdrawn. It stops no denial: nothing withdrawn is served."
            words="Place the hold"
            opened={asking}
            act={place}
            onClose={close}
          />
        </>
      )}
    </Answered>
  );
}
