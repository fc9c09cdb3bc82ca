/** docs/openapi.yaml as a reader wants it: operations by room, each with what it takes, what it answers and an example. */
import type { Fields } from "@/app/openapi";
import { grouped } from "@/components/grouped";
import document from "../../../docs/openapi.yaml";

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

export interface Named {
  name: string;
  type: string;
  required: boolean;
  about: string;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  room: string;
  about: string;
  open: boolean; // without signing in
  parameters: readonly Named[];
  body: readonly Named[];
  answers: readonly { status: string; type: string; fields: readonly Named[] }[];
  example: string;
}

const schemas = asFields(asFields(document["components"])["schemas"]);

export function operations(): Operation[] {
  return Object.entries(asFields(document["paths"])).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const told = asFields(item)[method];
      return told === undefined ? [] : [operation(path, method, asFields(told))];
    }),
  );
}

/** Rooms in the order of the document, and only what holds each of these words. */
export function byRoom(words: string): [room: string, operations: Operation[]][] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const found = operations().filter((one) => {
    const text = `${one.id} ${one.method} ${one.path} ${one.about} ${one.room}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  return [...grouped(found, ({ room }) => room)];
}

function operation(path: string, method: string, told: Fields): Operation {
  const bodySchema = jsonOf(asFields(told["requestBody"]));
  const parameters = asList(told["parameters"]).map(asFields).map(parameter);
  const body = bodySchema ? fieldsOf(bodySchema) : [];
  return {
    id: asText(told["operationId"]),
    method: method.toUpperCase(),
    path,
    room: asText(asList(told["tags"])[0]) || "other",
    about: asText(told["description"]),
    open: asList(told["security"]).some((one) => Object.keys(asFields(one)).length === 0),
    parameters,
    body,
    answers: Object.entries(asFields(told["responses"]))
      .filter(([status]) => status !== "default")
      .map(([status, answer]) => {
        const schema = jsonOf(asFields(answer));
        return { status, type: schema ? typeOf(schema) : "nothing", fields: schema ? fieldsOf(schema) : [] };
      }),
    example: curl(method.toUpperCase(), path, parameters, body),
  };
}

function parameter(told: Fields): Named {
  const place = told["in"] === "path" ? "path" : asText(told["in"]);
  return {
    name: asText(told["name"]),
    type: `${typeOf(asFields(told["schema"]))}, ${place}`,
    required: told["required"] === true,
    about: asText(told["description"]),
  };
}

function jsonOf(told: Fields): Fields | null {
  const schema = asFields(asFields(asFields(told["content"])["application/json"])["schema"]);
  return Object.keys(schema).length > 0 ? schema : null;
}

function fieldsOf(schema: Fields): Named[] {
  const whole = resolved(schema["type"] === "array" ? asFields(schema["items"]) : schema);
  const required = asList(whole["required"]);
  return Object.entries(asFields(whole["properties"])).map(([name, told]) => ({
    name,
    type: typeOf(asFields(told)),
    required: required.includes(name),
    about: asText(asFields(told)["description"]),
  }));
}

function resolved(schema: Fields): Fields {
  const name = nameOf(schema);
  return name ? asFields(schemas[name]) : schema;
}

function nameOf(schema: Fields): string {
  const [first] = asList(schema["allOf"]);
  return asText(schema["$ref"] ?? asFields(first)["$ref"]).replace("#/components/schemas/", "");
}

function typeOf(schema: Fields): string {
  const name = nameOf(schema);
  const values = asList(name ? resolved(schema)["enum"] : schema["enum"]);
  if (values.length > 0) return values.map((value) => (value === null ? "null" : asText(value))).join(" | ");
  if (name) return name;
  const types = Array.isArray(schema["type"]) ? (schema["type"] as unknown[]).map(asText).join(" | ") : asText(schema["type"]);
  if (types === "array") return `list of ${typeOf(asFields(schema["items"]))}`;
  const format = asText(schema["format"]);
  return (types || "anything") + (format ? ` (${format})` : "");
}

function curl(method: string, path: string, parameters: readonly Named[], body: readonly Named[]): string {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const conditions = parameters.filter(({ type, required }) => required && type.endsWith("header"));
  const wanted = body.filter(({ required }) => required).map(({ name, type }) => `"${name}": ${sample(type)}`);
  return [
    `curl -sS${method === "GET" ? "" : ` -X ${method}`} "$GUILDHALL_URL${address}"`,
    `-H "Authorization: Bearer $GUILDHALL_TOKEN"`,
    ...conditions.map(({ name }) => `-H '${name}: …'`),
    ...(body.length > 0 ? [`-H "Content-Type: application/json"`, `-d '{${wanted.join(", ")}}'`] : []),
  ].join(" \\\n  ");
}

function sample(type: string): string {
  if (type.startsWith("list of")) return "[]";
  if (type.startsWith("integer") || type.startsWith("number")) return "1";
  if (type.startsWith("boolean")) return "true";
  if (type.startsWith("string")) return '"…"';
  return type.includes(" | ") ? `"${type.split(" | ")[0] ?? ""}"` : "{}";
}

function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
