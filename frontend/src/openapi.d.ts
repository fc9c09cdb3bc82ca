declare module "*/openapi.yaml" {
  const document: Readonly<Record<string, unknown>>;
  export default document;
}
