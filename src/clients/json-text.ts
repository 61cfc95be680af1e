import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { HelperError } from '../errors.ts';

/** A property `"key": value` of an object, with its position in the text. */
export interface Property {
  readonly key: string;
  /** The whole property, from the key's quote to the end of the value. */
  readonly node: Node;
  readonly keyNode: Node;
  readonly value: Node;
}

const byteOrderMark = '\ufeff';

/**
 * Parses a JSON file into an object with positions. Returns undefined if the file is blank or `null`, which Docker
 * reads as empty settings. Like Go's encoding/json in the clients, throws `damaged` for comments, trailing commas and a
 * byte order mark. The message has line and column, but no text of the file, which may contain secrets.
 */
export function parseObject(file: string, text: string): Node | undefined {
  if (text.startsWith(byteOrderMark)) {
    throw new HelperError(
      'damaged',
      `${file} starts with a byte order mark, which clients refuse`,
      { hint: 'save it as UTF-8 without a byte order mark' },
    );
  }
  if (text.trim() === '') return undefined;
  const { root, errors } = parseStrictly(file, text);
  const [first] = errors;
  if (first !== undefined) {
    throw damaged(file, text, first.offset, problems[printParseErrorCode(first.error)]);
  }
  if (root?.type === 'null') return undefined;
  if (root?.type !== 'object') throw damaged(file, text, root?.offset ?? 0, 'expected an object');
  return root;
}

function parseStrictly(
  file: string,
  text: string,
): { root: Node | undefined; errors: ParseError[] } {
  const errors: ParseError[] = [];
  try {
    const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    return { root, errors };
  } catch (error) {
    // The parser is recursive and overflows the stack. Go's parser fails at 10,000 levels.
    if (!(error instanceof RangeError)) throw error;
    throw new HelperError('damaged', `${file} is damaged (nested too deeply)`, {
      hint: 'fix that file, or move it away',
    });
  }
}

/** Descriptions of the parser's error codes. */
const problems: Readonly<Record<string, string>> = {
  InvalidCommentToken: 'a comment, which clients refuse',
  UnexpectedEndOfComment: 'a comment, which clients refuse',
  PropertyNameExpected: 'a key is missing, or there is an extra comma',
  ValueExpected: 'a value is missing, or there is an extra comma',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'the closing } is missing',
  CloseBracketExpected: 'the closing ] is missing',
  EndOfFileExpected: 'there is text after the end',
  UnexpectedEndOfString: 'a closing quote is missing',
  InvalidCharacter: 'a control character inside quotes',
};

/** Returns a `damaged` error for a position in the file. Lines and columns start at 1. */
export function damaged(
  file: string,
  text: string,
  offset: number,
  problem = 'not JSON',
): HelperError {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  const column = (before.at(-1) ?? '').length + 1;
  const place = `line ${before.length}, column ${column}`;
  return new HelperError('damaged', `${file} is damaged (${place}: ${problem})`, {
    hint: 'fix that file',
  });
}

export function propertiesOf(object: Node | undefined): Property[] {
  return (object?.children ?? []).flatMap((node) => {
    const [keyNode, value] = node.children ?? [];
    if (keyNode === undefined || value === undefined) return [];
    return [{ key: String(keyNode.value), node, keyNode, value }];
  });
}

export function endOf(node: Node): number {
  return node.offset + node.length;
}
