/** Every operation of the REST API, room by room, made from docs/openapi.yaml. */
import { Code, Group, Stack, Text, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { byRoom, type Named, type Operation } from "@/app/reference";
import classes from "@/app/Reference.module.css";
import { CopyBlock } from "@/components/CopyBlock";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Section } from "@/components/Section";
import { WideTable } from "@/components/WideTable";

const route = getRouteApi("/open/reference");

export function ReferencePage() {
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const rooms = byRoom(q);
  return (
    <Page title="API reference" about="JSON over HTTPS, with a token from Tokens and keys. What is refused comes as a problem (RFC 9457): what is wrong, and what to do.">
      <TextInput
        label="Find an operation"
        type="search"
        value={q}
        onChange={(event) => void navigate({ search: event.currentTarget.value ? { q: event.currentTarget.value } : {}, replace: true })}
      />
      {rooms.length === 0 && <Empty title="No operation has these words">Try fewer of them.</Empty>}
      {rooms.map(([room, operations]) => (
        <Section key={room} title={room}>
          <ul className={classes["operations"]}>
            {operations.map((operation) => (
              <li key={operation.id}>
                <details>
                  <summary>
                    <code>{operation.method}</code> <code className={classes["path"]}>{operation.path}</code>
                    <Text span size="sm" c="dimmed">
                      {operation.id}
                    </Text>
                  </summary>
                  <Whole operation={operation} />
                </details>
              </li>
            ))}
          </ul>
        </Section>
      ))}
    </Page>
  );
}

function Whole({ operation }: { operation: Operation }) {
  const { id, about, open, parameters, body, answers, example } = operation;
  return (
    <Stack gap="sm" py="sm">
      {about && <Text size="sm">{about}</Text>}
      {open && <Text size="sm">It answers without signing in.</Text>}
      <Values title="Parameters" of={id} values={parameters} />
      <Values title="Body" of={id} values={body} />
      {answers.map(({ status, type, fields }) => (
        <Stack gap={4} key={status}>
          <Group gap="xs">
            <Text size="sm" fw={600}>
              Answers {status}
            </Text>
            <Code>{type}</Code>
          </Group>
          <Values title={`Answer ${status}`} of={id} values={fields} />
        </Stack>
      ))}
      <CopyBlock title={`${id} with curl`} text={example} />
    </Stack>
  );
}

function Values({ title, of, values }: { title: string; of: string; values: readonly Named[] }) {
  if (values.length === 0) return null;
  return (
    <WideTable label={`${title} of ${of}`} width={420} columns={[title, "Type", "Meaning"]}>
      {values.map(({ name, type, required, about }) => (
        <tr key={name}>
          <td>
            <code>{name}</code>
            {required && " *"}
          </td>
          <td>{type}</td>
          <td>{about}</td>
        </tr>
      ))}
    </WideTable>
  );
}
