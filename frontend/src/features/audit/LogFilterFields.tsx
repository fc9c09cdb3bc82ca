/** Narrows the log: to one thing, one kind of event, one actor. */
import { Button, Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import type { LogFilters } from "@/features/audit/api";
import classes from "@/features/audit/Log.module.css";

interface LogFilterFieldsProps {
  filters: LogFilters;
  onChange: (filters: LogFilters) => void;
}

const ORDERS = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
];

export function LogFilterFields({ filters, onChange }: LogFilterFieldsProps) {
  const [about, setAbout] = useState(filters.about ?? "");
  const [event, setEvent] = useState(filters.event ?? "");
  const [actor, setActor] = useState(filters.actor ?? "");
  const order = filters.order ?? "newest";

  function handleSubmit(submitted: SubmitEvent) {
    submitted.preventDefault();
    onChange(filled({ about, event, actor, order: filters.order }));
  }

  return (
    <Stack gap="sm">
      <form onSubmit={handleSubmit} role="search" aria-label="Filter the log" className={classes["filters"]}>
        <TextInput
          label="About"
          placeholder="playhouse/drama@1"
          value={about}
          onChange={(change) => setAbout(change.currentTarget.value)}
        />
        <TextInput
          label="Event"
          placeholder="version.withdrawn"
          value={event}
          onChange={(change) => setEvent(change.currentTarget.value)}
        />
        <TextInput
          label="Actor"
          placeholder="person:…"
          value={actor}
          onChange={(change) => setActor(change.currentTarget.value)}
        />
        <Group gap="xs" wrap="nowrap">
          <Button type="submit">Filter</Button>
          <Button
            variant="default"
            onClick={() => {
              setAbout("");
              setEvent("");
              setActor("");
              onChange(filled({ order: filters.order }));
            }}
          >
            Clear
          </Button>
        </Group>
      </form>
      <SegmentedControl
        w="fit-content"
        size="xs"
        aria-label="Order"
        data={ORDERS}
        value={order}
        onChange={(value) => onChange(filled({ ...filters, order: value === "oldest" ? "oldest" : undefined }))}
      />
    </Stack>
  );
}

/** Only what is said. */
function filled(filters: LogFilters): LogFilters {
  return Object.fromEntries(
    Object.entries(filters).flatMap(([name, value]: [string, string | undefined]) =>
      value?.trim() ? [[name, value.trim()]] : [],
    ),
  );
}
