import { parseAllDocuments } from 'yaml';

/** A class of `kubernetes-models`. */
type Model = new (value: never) => { validate: () => void };

/** Parses the objects in a YAML text and validates each with the schema that Kubernetes publishes. */
// biome-ignore lint/suspicious/noExplicitAny: tests read members of any kind of object.
export function objectsIn(text: string, kinds: Readonly<Record<string, Model>>): any[] {
  return parseAllDocuments(text, { version: '1.1', strict: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const value = document.toJS();
    const Model = Object.entries(kinds).find(([kind]) => kind === value.kind)?.[1];
    if (Model === undefined) throw new Error(`no schema for ${value.kind}`);
    new Model(value as never).validate();
    return value;
  });
}
