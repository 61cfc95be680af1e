import { Document, Scalar, visit } from 'yaml';

/** Objects as one YAML stream, each after `---`; `comments` stand before the first, a line each. */
export function yamlOf(objects: readonly object[], comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line}\n`).join('');
  return head + objects.map((object) => `---\n${textOf(object)}`).join('');
}

/** One object, as a file of its own. */
export function textOf(object: object): string {
  // What appears twice is written twice, as people expect to read it. No line is folded.
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, { Scalar: (key, scalar) => (key === 'key' ? undefined : quote(scalar)) });
  return document.toString({ lineWidth: 0 });
}

/** What some reader takes for a number or a truth value: kubectl's is of YAML 1.1, with Go's notion of numbers. */
const isAmbiguous = /^(?:[-+]?[.\d].*|[.~=<].*|y|n|yes|no|on|off|true|false|null|)$/i;

function quote(scalar: Scalar): void {
  if (typeof scalar.value === 'string' && isAmbiguous.test(scalar.value)) {
    scalar.type = Scalar.QUOTE_DOUBLE;
  }
}
