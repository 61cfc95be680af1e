import type { Edit, Node } from 'jsonc-parser';
import { endOf, propertiesOf } from './json-text.ts';

/** A new value: a string, or an object with such values. */
type NewValue = string | readonly NewProperty[];
export type NewProperty = readonly [key: string, value: NewValue];

/** The formatting of a file, for new text in the same format. */
interface Layout {
  readonly endOfLine: string;
  /** One level of indentation; undefined if the file is on one line. */
  readonly unit: string | undefined;
  /** The colon between key and value, with its spaces. */
  readonly colon: string;
}

/** The format of Docker (json.MarshalIndent with a tab). */
const dockerLayout: Layout = { endOfLine: '\n', unit: '\t', colon: ': ' };

/** Returns the text of a new file. */
export function newObjectText(properties: readonly NewProperty[]): string {
  return `${valueText(properties, '', dockerLayout)}\n`;
}

/**
 * Adds properties at the end of an object. `modify` of jsonc-parser is not used, because it formats the whole line,
 * which can be the whole file.
 */
export function addProperties(
  text: string,
  root: Node,
  object: Node,
  added: readonly NewProperty[],
): Edit[] {
  if (added.length === 0) return [];
  const layout = layoutOf(text, root);
  const last = propertiesOf(object).at(-1);
  if (last === undefined) return [fillEmpty(text, object, added, layout)];
  const colon = colonOf(text, object) ?? layout.colon;
  const gap = gapBefore(text, object, colon);
  const indent = startOfLine.exec(gap)?.[2] ?? '';
  const content = added.map((one) => `,${gap}${propertyText(one, indent, { ...layout, colon })}`);
  return [{ offset: endOf(last.node), length: 0, content: content.join('') }];
}

/** Replaces the value of a property. */
export function replaceValue(text: string, root: Node, old: Node, value: NewValue): Edit {
  const content = valueText(value, indentAt(text, old.offset), layoutOf(text, root));
  return { offset: old.offset, length: old.length, content };
}

/**
 * Removes properties from an object, with their commas and white space, so that `addProperties` followed by this
 * function restores the text.
 */
export function removeProperties(object: Node, isRemoved: (property: Node) => boolean): Edit[] {
  const nodes = propertiesOf(object).map(({ node }) => node);
  const firstKept = nodes.findIndex((node) => !isRemoved(node));
  if (firstKept < 0) return [{ offset: object.offset + 1, length: object.length - 2, content: '' }];
  return nodes.flatMap((node, index) => {
    if (!isRemoved(node)) return [];
    const [previous, next] = [nodes[index - 1], nodes[index + 1]];
    if (index > firstKept && previous) return [cut(endOf(previous), endOf(node))];
    return next ? [cut(node.offset, next.offset)] : [];
  });
}

function cut(from: number, to: number): Edit {
  return { offset: from, length: to - from, content: '' };
}

function fillEmpty(
  text: string,
  object: Node,
  added: readonly NewProperty[],
  layout: Layout,
): Edit {
  const content = valueText(added, indentAt(text, object.offset), layout);
  return { offset: object.offset, length: object.length, content };
}

function layoutOf(text: string, root: Node): Layout {
  const endOfLine = text.includes('\r\n') ? '\r\n' : '\n';
  const colon = colonOf(text, root);
  if (colon === undefined) return { ...dockerLayout, endOfLine };
  const [, lineBreak, inner = ''] = startOfLine.exec(gapBefore(text, root, colon)) ?? [];
  if (lineBreak === undefined) return { endOfLine, unit: undefined, colon };
  const outer = indentAt(text, root.offset);
  const unit = inner.startsWith(outer) ? inner.slice(outer.length) : inner;
  return { endOfLine: lineBreak, unit, colon };
}

const startOfLine = /(\r\n|\n|\r)([ \t]*)$/;

/** Returns the white space between the last property and the comma or brace before it. */
function gapBefore(text: string, object: Node, colon: string): string {
  const [last, previous] = propertiesOf(object).reverse();
  const from = previous === undefined ? object.offset + 1 : endOf(previous.node);
  const gap = text.slice(from, last?.node.offset).replace(/^\s*,/, '');
  const line = startOfLine.exec(gap);
  if (line !== null) return line[0];
  // Without a comma, the space after the colon in `{"a": 1}` suggests a space after commas.
  return gap === '' && previous === undefined && colon.endsWith(' ') ? ' ' : gap;
}

function colonOf(text: string, object: Node): string | undefined {
  const last = propertiesOf(object).at(-1);
  if (last === undefined) return undefined;
  const colon = text.slice(endOf(last.keyNode), last.value.offset);
  return /[\r\n]/.test(colon) ? dockerLayout.colon : colon;
}

function indentAt(text: string, offset: number): string {
  const line =
    text
      .slice(0, offset)
      .split(/[\r\n]/)
      .at(-1) ?? '';
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function propertyText([key, value]: NewProperty, indent: string, layout: Layout): string {
  return `${JSON.stringify(key)}${layout.colon}${valueText(value, indent, layout)}`;
}

function valueText(value: NewValue, indent: string, layout: Layout): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (layout.unit === undefined) {
    const parts = value.map((one) => propertyText(one, indent, layout));
    return `{${parts.join(layout.colon.endsWith(' ') ? ', ' : ',')}}`;
  }
  const inner = indent + layout.unit;
  const lines = value.map((one) => inner + propertyText(one, inner, layout));
  const { endOfLine } = layout;
  return `{${endOfLine}${lines.join(`,${endOfLine}`)}${endOfLine}${indent}}`;
}
