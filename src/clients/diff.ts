import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { applyEdits, type Edit, type Node, parseTree } from 'jsonc-parser';
import type { EditPlan } from './client.ts';
import { propertiesOf } from './json-text.ts';

/**
 * Returns the change as a unified diff, or an empty string if nothing changes. In JSON files all strings outside
 * `credHelpers` and `credsStore` are masked as `"***"`: the lines around a change can contain passwords and tokens, and
 * diffs can end up in logs.
 */
export function unifiedDiff({ file, before, after }: EditPlan): string {
  if (before === after) return '';
  const [from, to] = [
    before === undefined ? '/dev/null' : file,
    after === undefined ? '/dev/null' : file,
  ];
  return createTwoFilesPatch(from, to, masked(before), masked(after), '', '', {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}

function masked(text = ''): string {
  const root = parseTree(text);
  return root?.type === 'object'
    ? applyEdits(text, propertiesOf(root).flatMap(maskProperty))
    : text;
}

function maskProperty({ key, value }: { key: string; value: Node }): Edit[] {
  return ['credhelpers', 'credsstore'].includes(key.toLowerCase()) ? [] : maskTexts(value);
}

function maskTexts(node: Node): Edit[] {
  if (node.type === 'property') return (node.children ?? []).slice(1).flatMap(maskTexts);
  if (node.type !== 'string') return (node.children ?? []).flatMap(maskTexts);
  return [{ offset: node.offset, length: node.length, content: '"***"' }];
}
