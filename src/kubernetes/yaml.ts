import { Document, Scalar, visit } from 'yaml';

/** Returns objects as one YAML stream with `---` before each. `comments` are lines before the first object. */
export function yamlOf(objects: readonly object[], comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line}\n`).join('');
  return head + objects.map((object) => `---\n${textOf(object)}`).join('');
}

/** Returns one object as a YAML file. */
export function textOf(object: object): string {
  // Values that appear twice are written twice instead of as an alias. Lines are not folded.
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, { Scalar: (key, scalar) => (key === 'key' ? undefined : quote(scalar)) });
  return document.toString({ lineWidth: 0 });
}

/** Strings that some parsers read as a number or boolean: kubectl's parser is YAML 1.1 with the numbers of Go. */
const isAmbiguous = /^(?:[-+]?[.\d].*|[.~=<].*|y|n|yes|no|on|off|true|false|null|)$/i;

function quote(scalar: Scalar): void {
  if (typeof scalar.value === 'string' && isAmbiguous.test(scalar.value)) {
    scalar.type = Scalar.QUOTE_DOUBLE;
  }
}
