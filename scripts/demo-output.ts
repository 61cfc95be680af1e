import { styleText } from 'node:util';

/** An error that the user can fix. The message is one line. */
export class DemoError extends Error {}

let steps = 0;

/** Prints the title of the next step and lines below it. */
export function step(title: string, ...lines: readonly string[]): void {
  steps += 1;
  console.log(`\n${styleText('bold', `${steps}. ${title}`)}`);
  for (const line of lines) say(line);
}

/** Prints lines below the title of a step. */
export function say(text: string): void {
  console.log(text.trimEnd().replaceAll(/^/gm, '   '));
}

/** Hides a secret. Shows the last four characters of a long one, so that two secrets can be distinguished. */
export function mask(secret: string): string {
  return `********${secret.length < 32 ? '' : secret.slice(-4)}`;
}
