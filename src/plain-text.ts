import { masked } from './mask.ts';

const maxLength = 300;
/** Limits the work for a long response. */
const maxInputLength = 64 * 1024;

/** Secrets of the request, which the response may repeat. */
export type Secrets = readonly (string | undefined)[];

/** Makes text from another program or server safe to show: masks secrets, one line, at most 300 characters. */
export function plain(text: string, secrets: Secrets = []): string {
  const line = masked(text.slice(0, maxInputLength), secrets)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
