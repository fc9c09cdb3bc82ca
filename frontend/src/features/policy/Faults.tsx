/** What keeps a set from being proposed, each with the way to its place in the text. */
import { Stack, Text } from "@mantine/core";
import type { PolicyFault } from "@/api/types";
import { Notice } from "@/components/Notice";
import { RowList } from "@/components/RowList";
import { Sentence } from "@/components/Sentence";
import { count } from "@/components/sizes";
import classes from "@/features/policy/Policy.module.css";

interface FaultsProps {
  id: string;
  faults: readonly PolicyFault[] | undefined;
  failing: number;
  checking: boolean;
  onGoTo: (line: number, column: number) => void;
}

export function Faults({ id, faults, failing, checking, onGoTo }: FaultsProps) {
  return (
    <Stack gap="xs">
      <div id={id} role="status">
        <Notice tone={faults === undefined ? "info" : faults.length > 0 ? "bad" : failing > 0 ? "warning" : "good"}>
          <Text size="sm" fw={600}>
            {inWords(faults, failing)}
            {checking && faults !== undefined && " Checking what you wrote last…"}
          </Text>
        </Notice>
      </div>
      {faults !== undefined && faults.length > 0 && (
        <RowList label="Faults">
          {faults.map(({ sentence, line, column }) => (
            <li key={`${line} ${column} ${sentence}`}>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {line !== null && column !== null && (
                  <>
                    <button type="button" className={classes["place"]} onClick={() => onGoTo(line, column)}>
                      Line {line}, column {column}
                    </button>
                    {": "}
                  </>
                )}
                <Sentence text={sentence} />
              </Text>
            </li>
          ))}
        </RowList>
      )}
    </Stack>
  );
}

export function inWords(faults: readonly PolicyFault[] | undefined, failing: number): string {
  if (faults === undefined) return "Checking…";
  if (faults.length > 0) return `${count(faults.length, "fault")} to correct before it can be proposed.`;
  if (failing > 0) {
    return `It can be proposed, but ${count(failing, "example")} ${failing === 1 ? "fails" : "fail"}, so nobody could activate it.`;
  }
  return "Nothing is wrong with it, and all its examples pass.";
}
