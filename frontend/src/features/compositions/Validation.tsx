/** How the build was tried before it was published: how well it predicts, and how the work spreads over its experts. */
import { Stack, Text, Title } from "@mantine/core";
import type { CSSProperties } from "react";
import type { Composition } from "@/api/types";
import { Picture } from "@/components/Picture";
import { WideTable } from "@/components/WideTable";
import { bitsPerByte, byLayer, compared, shares, type Measured } from "@/features/compositions/validation";
import classes from "@/features/compositions/Validation.module.css";

export function Validation({ composition }: { composition: Composition }) {
  const { validation, inclusions } = composition;
  const measured = bitsPerByte(validation);
  const means = shares(validation);
  const names = new Map(inclusions.map(({ slot, expert }) => [slot, expert]));
  return (
    <Stack gap="xl">
      {measured && (
        <Stack gap="xs">
          <Title order={3}>Bits per byte, before and after</Title>
          <BeforeAndAfter measured={measured} />
        </Stack>
      )}
      {means.length > 0 && (
        <Stack gap="xs">
          <Title order={3}>Who does the work, layer by layer</Title>
          <Routing layers={byLayer(validation)} means={means} nameOf={(slot) => names.get(slot) ?? "the public expert"} />
        </Stack>
      )}
    </Stack>
  );
}

function BeforeAndAfter({ measured }: { measured: Measured }) {
  const bars = [
    ["The anchor alone", measured.anchor],
    ["This model", measured.model],
  ] as const;
  const longest = Math.max(measured.anchor, measured.model, Number.EPSILON);
  return (
    <Picture
      says={`The model needs ${measured.model.toFixed(3)} bits for a byte of public text, ${compared(measured)}; fewer are better.`}
      table={
        <WideTable label="Bits per byte" width={220} columns={["Model", "Bits per byte"]}>
          {bars.map(([name, bits]) => (
            <tr key={name}>
              <th scope="row">
                {name}
              </th>
              <td>{bits.toFixed(3)}</td>
            </tr>
          ))}
        </WideTable>
      }
    >
      <div className={classes["bars"]} aria-hidden>
        {bars.map(([name, bits]) => (
          <div key={name} className={classes["row"]}>
            <span>{name}</span>
            <span className={classes["track"]}>
              <span className={classes["bar"]} style={{ width: `${(bits / longest) * 100}%` }} />
            </span>
            <span className={classes["number"]}>{bits.toFixed(3)}</span>
          </div>
        ))}
      </div>
    </Picture>
  );
}

interface RoutingProps {
  layers: readonly (readonly number[])[];
  means: readonly number[];
  nameOf: (slot: number) => string;
}

/** A table is the picture: each cell is as dark as its share. */
function Routing({ layers, means, nameOf }: RoutingProps) {
  return (
    <>
      <WideTable
        label="Share of the work of each expert, layer by layer"
        width={220 + layers.length * 56}
        columns={["Expert", "All layers", ...layers.map((_, layer) => `Layer ${layer}`)]}
      >
        {means.map((mean, slot) => (
          <tr key={nameOf(slot)}>
            <th scope="row">
              {nameOf(slot)}
            </th>
            <Share share={mean} />
            {layers.map((row, layer) => (
              // Layers have no name but their place, and never change it.
              <Share key={layer} share={row[slot] ?? 0} />
            ))}
          </tr>
        ))}
      </WideTable>
      <Text size="sm" c="dimmed">
        On public text, in percent; the darker, the more.
      </Text>
    </>
  );
}

function Share({ share }: { share: number }) {
  const percent = Math.round(share * 100);
  return (
    <td className={classes["share"]} style={{ "--share": `${Math.min(100, percent) * 0.45}%` } as CSSProperties}>
      {percent} %
    </td>
  );
}
