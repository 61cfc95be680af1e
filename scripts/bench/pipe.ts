import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Calls `use` with the descriptor of a pipe that holds `text` and has its end: that is what clients hand over. What Bun
 * makes of `input` is a file in memory. No longer than a pipe holds, 64 KiB.
 */
export function withPipe<Value>(text: string, use: (descriptor: number) => Value): Value {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-pipe-'));
  const file = path.join(folder, 'pipe');
  try {
    execFileSync('mkfifo', [file]);
    // To open one end alone would wait for the other.
    const writing = fs.openSync(file, fs.constants.O_RDWR);
    const reading = fs.openSync(file, fs.constants.O_RDONLY);
    fs.writeSync(writing, text);
    fs.closeSync(writing);
    try {
      return use(reading);
    } finally {
      fs.closeSync(reading);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
