/** JSON objects of a document that has no types of its own. */
export type Fields = Readonly<Record<string, unknown>>;
