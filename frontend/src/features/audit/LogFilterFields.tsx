/** Narrows the log: to one thing, one kind of event, one actor, one organisation, some days. */
import { Button, Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useState, type SubmitEvent } from "react";
import { filled, type LogFilters } from "@/features/audit/filters";
import classes from "@/features/audit/Log.module.css";

interface LogFilterFieldsProps {
  filters: LogFilters;
  onChange: (filters: LogFilters) => void;
}

const FIELDS = [
  { name: "about", label: "About", placeholder: "playhouse/drama@1" },
  { name: "event", label: "Event", placeholder: "version.withdrawn" },
  { name: "actor", label: "Actor", placeholder: "person:…" },
  { name: "organisation", label: "Organisation", placeholder: "playhouse" },
  { name: "since", label: "From", type: "date" },
  { name: "until", label: "To", type: "date" },
] as const;

const ORDERS = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
];

export function LogFilterFields({ filters, onChange }: LogFilterFieldsProps) {
  const [wanted, setWanted] = useState(filters);
  const order = filters.order ?? "newest";

  function handleSubmit(submitted: SubmitEvent) {
    submitted.preventDefault();
    onChange(filled(wanted));
  }

  return (
    <Stack gap="sm">
      <form onSubmit={handleSubmit} role="search" aria-label="Filter the log" className={classes["filters"]}>
        {FIELDS.map(({ name, ...field }) => (
          <TextInput
            key={name}
            {...field}
            value={wanted[name] ?? ""}
            onChange={(change) => setWanted({ ...wanted, [name]: change.currentTarget.value })}
          />
        ))}
        <Group gap="xs" wrap="nowrap">
          <Button type="submit">Filter</Button>
          <Button
            variant="default"
            onClick={() => {
              setWanted({ order: filters.order });
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
