import { Document } from 'yaml';

/** Objects as one YAML stream, each after `---`; `comments` stand before the first, a line each. */
export function yamlOf(objects: readonly object[], comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line}\n`).join('');
  return head + objects.map((object) => `---\n${textOf(object)}`).join('');
}

/** One object, as a file of its own. */
export function textOf(object: object): string {
  // Without anchors: what appears twice is written twice, as people expect to read it. No line is folded.
  const document = new Document(object, { aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0 });
}
