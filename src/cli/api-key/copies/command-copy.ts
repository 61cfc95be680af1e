import path from 'node:path';
import type { Context } from '../../../context.ts';
import { HelperError, invalidInput } from '../../../errors.ts';
import { findProgram, isExecutable } from '../../../files/executables.ts';
import type { Secrets } from '../../../mask.ts';
import type { CopyCommand } from './copy.ts';
import { runProgram } from './run-program.ts';

/** A command may copy the key to a slow machine, but not wait for a user: its standard input is the key. */
const timeoutMs = 120_000;

/** A command that takes the key from standard input. It runs without a shell. `secrets` are masked in errors. */
export function commandCopy(
  context: Context,
  target: string,
  line: string,
  secrets: Secrets,
): CopyCommand {
  const [program = '', ...args] = splitWords(line);
  return {
    target,
    check: () => void requireProgram(context, program),
    run: async (value) => {
      const hint = 'run the command by hand to see its output';
      const known = [value, ...secrets];
      const options = { input: value, secrets: known, timeoutMs, what: program, hint };
      await runProgram(context, requireProgram(context, program), args, options);
    },
  };
}

/** A relative path is refused: an interrupted rotation may continue in another directory. */
function requireProgram(context: Context, program: string): string {
  const found = path.isAbsolute(program) ? program : findProgram(context, program);
  if (found !== undefined && !/[\\/]$/.test(program) && isExecutable(found)) return found;
  throw new HelperError('invalid-input', `command: ${program} is not a program on the PATH`, {
    hint: 'use a program on the PATH, or its absolute path',
  });
}

/** Splits a command line at spaces. Words in single or double quotes may contain spaces; nothing is expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const character of line) {
    if (character === quote) quote = '';
    else if (quote !== '') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  if (quote === '' && words.length > 0) return words;
  const hint = 'use command:PROGRAM ARGUMENTS, with quotes in pairs';
  throw invalidInput('invalid command in --to', hint);
}
