import fs from 'node:fs';
import path from 'node:path';
import { root } from './stamp.ts';

/**
 * Returns a template of packaging/ with its `@NAME@` placeholders replaced. A value with several lines gets the
 * indentation of a placeholder that is the first word of its line. Throws if a value is missing.
 */
export function fillTemplate(file: string, values: Readonly<Record<string, string>>): string {
  const text = fs.readFileSync(path.join(root, 'packaging', file), 'utf8');
  return text.replace(/(^ +)?@([A-Z][\w-]*)@/gm, (_, indent = '', name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file} needs a value for ${name}`);
    return indent + value.replaceAll('\n', `\n${indent}`);
  });
}
