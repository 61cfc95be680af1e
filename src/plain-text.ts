import { masked } from './mask.ts';

/** Characters that are shown, and that are looked at: a server may send a MiB. */
const longestText = 300;
const longestRead = 64 * 1024;

/** What was sent, and is never shown. */
export type Secrets = readonly (string | undefined)[];

/** Text from another program or server, safe to show: secrets masked, on one line, at most 300 characters. */
export function plain(text: string, secrets: Secrets = []): string {
  const line = masked(text.slice(0, longestRead), secrets)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
