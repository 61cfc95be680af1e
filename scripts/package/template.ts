import fs from 'node:fs';
import path from 'node:path';
import { root } from './stamp.ts';

/** A template of packaging/ with its `@NAME@`s filled in. Throws where a name is not known. */
export function fillTemplate(file: string, values: Readonly<Record<string, string>>): string {
  const text = fs.readFileSync(path.join(root, 'packaging', file), 'utf8');
  return text.replace(/@([A-Z][\w-]*)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file} wants a ${name} that nobody knows`);
    return value;
  });
}
