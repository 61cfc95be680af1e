import { styleText } from 'node:util';

/** A failure that a person can do something about; the message is one line. */
export class DemoError extends Error {}

let steps = 0;

/** The next step's title, and lines under it. */
export function step(title: string, ...lines: readonly string[]): void {
  steps += 1;
  console.log(`\n${styleText('bold', `${steps}. ${title}`)}`);
  for (const line of lines) say(line);
}

/** Lines under the step's title. */
export function say(text: string): void {
  console.log(text.trimEnd().replaceAll(/^/gm, '   '));
}

/** Enough to tell two long secrets apart, and nothing of a short one. */
export function mask(secret: string): string {
  return `********${secret.length < 32 ? '' : secret.slice(-4)}`;
}
