/** The steps of a withdrawal in their order: which are done, since when, and what the others wait for. */
import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { WithdrawalStep } from "@/api/types";
import { StateBadge } from "@/components/StateBadge";
import { When } from "@/components/When";
import { sentenceOf, STEP_STATES, titleOf } from "@/features/withdrawals/steps";
import classes from "@/features/withdrawals/Withdrawals.module.css";

interface ChecklistProps {
  steps: readonly WithdrawalStep[];
  under?: Partial<Record<string, ReactNode>>; // what can be done about a step, by its name
}

export function Checklist({ steps, under = {} }: ChecklistProps) {
  return (
    <ol className={classes["steps"]} aria-label="Steps of the withdrawal">
      {steps.map((step) => {
        const [tone, words] = STEP_STATES[step.state];
        return (
          <li key={step.name}>
            <div>
              <Text fw={600}>{titleOf(step.name)}</Text>
              <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {sentenceOf(step)}
              </Text>
            </div>
            <div className={classes["state"]}>
              <StateBadge state={tone} words={words} />
              {step.at && <When at={step.at} />}
            </div>
            {under[step.name] && <div className={classes["own"]}>{under[step.name]}</div>}
          </li>
        );
      })}
    </ol>
  );
}
