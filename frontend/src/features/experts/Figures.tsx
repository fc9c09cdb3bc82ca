/** What the registry measured of an expert beside its anchor: layer by layer, in bars and in numbers. */
import { Progress, Stack, Text } from "@mantine/core";
import { Facts } from "@/components/Facts";
import { WideTable } from "@/components/WideTable";
import { percent, type Report } from "@/features/experts/report";

export function Figures({ report }: { report: Report }) {
  const { changed, pair, anchor, layers, nearest } = report;
  const widest = Math.max(...layers.map((layer) => layer.changed ?? 0), Number.EPSILON);
  return (
    <Stack gap="md">
      <Facts
        facts={[
          ["Differs from the public expert by", changed === null ? null : `${percent(changed)} of its norm`],
          ["Bits per byte of public text", pair === null || anchor === null ? null : `${pair.toFixed(3)}, the anchor alone ${anchor.toFixed(3)}`],
          ["Nearest experts", nearest.map(({ version, similarity }) => `${version} (${similarity.toFixed(2)})`).join(", ")],
        ]}
      />
      <WideTable label="Layer by layer" width={280} columns={["Layer", "Changed", "Weight on public text"]}>
        {layers.map((layer, index) => (
          // Layers have no name but their place, and never change it.
          <tr key={index}>
            <td>{index}</td>
            <td>{layer.changed !== null && <Bar share={layer.changed} of={widest} />}</td>
            <td>{layer.weight !== null && <Bar share={layer.weight} of={1} />}</td>
          </tr>
        ))}
      </WideTable>
    </Stack>
  );
}

function Bar({ share, of }: { share: number; of: number }) {
  return (
    <Stack gap={2}>
      <Text size="sm">{percent(share)}</Text>
      <Progress value={(share / of) * 100} size="sm" aria-hidden />
    </Stack>
  );
}
