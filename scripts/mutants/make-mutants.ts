import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isInterfaceDeclaration,
  isNewExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isTypeAliasDeclaration,
  isTypeNode,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import { type Edit, editsOf } from './edits.ts';

/** A source file with one small change that a test has to notice. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The line that is changed and what becomes of it, without the spaces around them. */
  readonly original: string;
  readonly mutated: string;
  /** The whole file with the change. */
  readonly source: string;
}

/** Returns every mutant of a file, in the order of the text. */
export function mutantsOf(file: string, tree: SourceFile): Mutant[] {
  const edits: Edit[] = [];
  collect(tree, tree.text, edits);
  const seen = new Set<string>();
  return edits
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .map((edit) => mutantOf(file, tree.text, edit))
    .filter(({ source }) => source !== tree.text && !seen.has(source) && seen.add(source));
}

function collect(node: Node, text: string, edits: Edit[]): void {
  if (isType(node) || isTextForPeople(node)) return;
  edits.push(...editsOf(node, text));
  node.forEachChild((child) => collect(child, text, edits));
}

/** Types and imports are the type checker's: no test has to notice a change of them. */
function isType(node: Node): boolean {
  return (
    isTypeNode(node) ||
    isTypeAliasDeclaration(node) ||
    isInterfaceDeclaration(node) ||
    isImportDeclaration(node) ||
    isExportDeclaration(node)
  );
}

const reporters = ['debug', 'warn', 'inOneLine'];

/** Messages and hints of errors, warnings and debug lines: their wording decides nothing. */
function isTextForPeople(node: Node): boolean {
  const { parent } = node;
  if (parent !== undefined && isNewExpression(parent) && isIdentifier(parent.expression)) {
    return parent.expression.text === 'HelperError' && parent.arguments?.[0] !== node;
  }
  if (isPropertyAssignment(node)) return ['hint', 'problem'].includes(node.name.getText());
  return isCallExpression(node) && reporters.includes(calledName(node.expression));
}

function calledName(called: Node): string {
  if (isPropertyAccessExpression(called)) return called.name.text;
  return isIdentifier(called) ? called.text : '';
}

function mutantOf(file: string, text: string, { start, end, replacement }: Edit): Mutant {
  const source = text.slice(0, start) + replacement + text.slice(end);
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const endOfLine = (whole: string, from: number) => {
    const found = whole.indexOf('\n', from);
    return found < 0 ? whole.length : found;
  };
  const oneLine = (part: string) => part.trim().replace(/\s+/g, ' ');
  return {
    file,
    line: text.slice(0, start).split('\n').length,
    original: oneLine(text.slice(lineStart, endOfLine(text, end))),
    mutated: oneLine(source.slice(lineStart, endOfLine(source, start + replacement.length))),
    source,
  };
}
