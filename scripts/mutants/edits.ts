import {
  isArrayLiteralExpression,
  isArrowFunction,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isForStatement,
  isIfStatement,
  isNoSubstitutionTemplateLiteral,
  isNumericLiteral,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isRegularExpressionLiteral,
  isReturnStatement,
  isStringLiteral,
  isTemplateExpression,
  isWhileStatement,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';

/** One replacement in a text, by its offsets. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Operators and what each is exchanged for. */
const operators: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '|': ['&'],
  '&': ['|'],
  '+=': ['-='],
  '-=': ['+='],
  '??=': ['='],
};

/** Methods and what each is exchanged for; an empty text takes the call out. */
const methods: Readonly<Record<string, string>> = {
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  indexOf: 'lastIndexOf',
  lastIndexOf: 'indexOf',
  trim: '',
  toLowerCase: '',
  sort: '',
  filter: '',
  slice: '',
};

/** Returns the changes that are made to this node itself, not to what is in it. */
export function editsOf(node: Node, text: string): Edit[] {
  return [
    ...operatorEdits(node, text),
    ...conditionEdits(node),
    ...literalEdits(node),
    ...statementEdits(node),
    ...callEdits(node),
  ];
}

function replace(node: Node, ...replacements: string[]): Edit[] {
  const start = node.getStart();
  return replacements.map((replacement) => ({ start, end: node.end, replacement }));
}

function operatorEdits(node: Node, text: string): Edit[] {
  if (isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    return replace(node, text.slice(node.operand.getStart(), node.end));
  }
  if (isPrefixUnaryExpression(node) && node.operator === SyntaxKind.MinusToken) {
    return replace(node, '0');
  }
  if (!isBinaryExpression(node)) return [];
  const { operatorToken } = node;
  const operator = operatorToken.getText();
  if (operator === 'instanceof' || operator === 'in') {
    return replace(node, `!(${text.slice(node.getStart(), node.end)})`);
  }
  return replace(operatorToken, ...(operators[operator] ?? []));
}

function conditionEdits(node: Node): Edit[] {
  if (isIfStatement(node)) return replace(node.expression, 'true', 'false');
  if (isConditionalExpression(node)) return replace(node.condition, 'true', 'false');
  if (isWhileStatement(node)) return replace(node.expression, 'false');
  return isForStatement(node) && node.condition ? replace(node.condition, 'false') : [];
}

function literalEdits(node: Node): Edit[] {
  if (node.kind === SyntaxKind.TrueKeyword) return replace(node, 'false');
  if (node.kind === SyntaxKind.FalseKeyword) return replace(node, 'true');
  if (isStringLiteral(node)) return replace(node, node.text === '' ? "'mutant'" : "''");
  if (isTemplateExpression(node) || isNoSubstitutionTemplateLiteral(node)) {
    return replace(node, '``');
  }
  if (isNumericLiteral(node)) return replace(node, `(${node.getText()} + 1)`);
  if (isArrayLiteralExpression(node)) return replace(node, '[]');
  return isRegularExpressionLiteral(node) ? patternEdits(node) : [];
}

/** A pattern without its anchors matches a part where it should match the whole. */
function patternEdits(node: Node): Edit[] {
  const pattern = node.getText();
  return [pattern.replace(/^\/\^/, '/'), pattern.replace(/\$(\/[a-z]*)$/, '$1')]
    .filter((changed) => changed !== pattern && !changed.startsWith('//'))
    .flatMap((changed) => replace(node, changed));
}

const nothings = ['undefined', 'false'];

function statementEdits(node: Node): Edit[] {
  if (isReturnStatement(node)) {
    const value = node.expression?.getText();
    if (value === undefined) return replace(node, ';');
    // Who asks for a truth value takes `undefined` for `false`; that it becomes `true` is another mutant.
    return nothings.includes(value) ? [] : replace(node, 'return undefined;');
  }
  if (isArrowFunction(node) && !isBlock(node.body)) {
    return nothings.includes(node.body.getText()) ? [] : replace(node.body, 'undefined');
  }
  const isRemoved =
    node.kind === SyntaxKind.ExpressionStatement ||
    node.kind === SyntaxKind.ThrowStatement ||
    node.kind === SyntaxKind.ContinueStatement ||
    node.kind === SyntaxKind.BreakStatement;
  return isRemoved ? replace(node, ';') : [];
}

function callEdits(node: Node): Edit[] {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return [];
  const { name, expression } = node.expression;
  const other = methods[name.text];
  if (other === undefined) return [];
  if (other !== '') return replace(name, other);
  return [{ start: expression.end, end: node.end, replacement: '' }];
}
