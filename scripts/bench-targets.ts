/**
 * Writes docs/benchmarks-targets.md: how large each file of the release in dist/release is, how fast
 * and how large in memory each build is that this machine starts, and what was tried to make them
 * smaller. Needs `make package package-node`. The one argument is the number of rounds.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Build, findBuilds } from '../test/package/builds.ts';
import { makeHome } from './bench/home.ts';
import { install } from './bench/own.ts';
import type { Program } from './bench/program.ts';
import { type Timing, timeInTurns } from './bench/rounds.ts';
import { table } from './bench/table.ts';
import { releaseFolder } from './package/finish.ts';
import { buildNothing, tryBuilds, tryPackings } from './package/sizes.ts';
import { readStamp, root } from './package/stamp.ts';
import { archiveName, executableName, targets } from './package/targets.ts';

const [rounds = 100] = process.argv.slice(2).map(Number);
const file = path.join(root, 'docs', 'benchmarks-targets.md');
const { version, commit } = readStamp();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bench-targets-'));

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

function size(...names: readonly string[]): string {
  const whole = path.join(root, 'dist', ...names);
  return fs.existsSync(whole) ? mebibytes(fs.statSync(whole).size) : 'not built';
}

function sizes(): string {
  const rows = targets.map((target) => [
    target.name,
    size('targets', target.name, executableName(target)),
    size('release', archiveName(target, version)),
  ]);
  const node = 'linux-x64-node';
  const archive = `docker-credential-icr-${version}-${node}.tar.gz`;
  rows.push([node, size('targets', node, 'docker-credential-icr'), size('release', archive)]);
  return table(['target', 'executable', 'archive'], rows);
}

function others(): string {
  const names = fs.readdirSync(releaseFolder).filter((name) => /\.(deb|rpm|tgz)$/.test(name));
  return table(
    ['file', 'MiB'],
    names.sort().map((name) => [name, size('release', name)]),
  );
}

/** A call of the build, as a client makes it. */
function get({ name, command, env }: Build): Program {
  const [program = '', ...args] = command;
  const home = makeHome(scratch, name.replaceAll(/\W+/g, '-'));
  const file = install(program, home.folder, path.basename(program));
  return {
    name,
    file,
    args: [...args, 'get'],
    input: 'us.icr.io\n',
    env: { ...home.env, ...env?.(home.folder) },
    answers: 'credentials not found in native keychain\n',
    status: 1,
  };
}

/** A command that people type: it loads many more parts than a `get` does. */
function help(build: Build): Program {
  return {
    ...get({ ...build, name: `${build.name}, help` }),
    args: ['login', '--help'],
    answers: 'docker-credential-icr login',
    status: 0,
  };
}

function timings(programs: readonly Program[]): string[][] {
  return timeInTurns(programs, rounds).map(({ program, min, median, memory }: Timing) => [
    program.name,
    min.toFixed(1),
    median.toFixed(1),
    memory === undefined ? '' : (memory / 1024).toFixed(0),
  ]);
}

function starts(): string {
  const found = findBuilds(scratch);
  const builds = found.flatMap((each) => ('build' in each ? [each.build] : []));
  // An emulator's time is not the build's.
  const measured = builds.filter(({ command }) => !/qemu|wine/.test(command[0] ?? ''));
  const rows = timings(measured.map(get));
  const emulated = builds
    .filter((build) => !measured.includes(build))
    .map(({ name }) => [name, 'started, not measured']);
  const unstarted = found.flatMap((each) =>
    'why' in each ? [[each.name, `not started: ${each.why}`]] : [],
  );
  return table(['build', 'min', 'median', 'peak MiB'], [...rows, ...emulated, ...unstarted]);
}

function smallerBuilds(): string {
  const tried = tryBuilds(scratch);
  const programs = tried.flatMap(({ name, file: program }) =>
    program === undefined ? [] : [get, help].map((way) => way({ name, command: [program] })),
  );
  const times = new Map(timings(programs).map(([name = '', ...cells]) => [name, cells]));
  const rows = tried.map(({ name, file: program }) => {
    if (program === undefined) return [name, '', 'no start', ''];
    const medians = [name, `${name}, help`].map((each) => times.get(each)?.[1] ?? '');
    return [name, mebibytes(fs.statSync(program).size), ...medians];
  });
  const nothing = mebibytes(fs.statSync(buildNothing(scratch)).size);
  rows.push(['all of the helper left out: an empty program', nothing, '', '']);
  return table(['build', 'MiB', 'get', 'login --help'], rows);
}

function smallerArchives(): string {
  const rows = tryPackings(
    path.join(root, 'dist', 'targets', 'linux-x64', 'docker-credential-icr'),
  );
  const cells = rows.map(({ name, bytes, seconds }) => [
    name,
    mebibytes(bytes),
    seconds.toFixed(0),
  ]);
  return table(['linux-x64, compressed by', 'MiB', 'seconds'], cells);
}

function report(): string {
  const cpus = os.cpus();
  const [load = 0] = os.loadavg();
  return [
    '# Size and start of each target',
    'Written by `make bench-targets`, every number and every word.',
    [
      `- date: ${new Date().toISOString().slice(0, 10)}`,
      `- machine: ${cpus.length} × ${cpus[0]?.model.trim()}, ${os.type()} ${os.release()}, load ${load.toFixed(2)} at the start`,
      `- docker-credential-icr ${version} (${commit.slice(0, 12)}), Bun ${process.versions.bun}`,
    ].join('\n'),
    '## Size',
    'MiB. Of an executable nearly all is Bun, or Node.',
    sizes(),
    others(),
    '## Start and memory',
    `\`get\` of a host that nobody answers for, whole processes, milliseconds: ${rounds} rounds, each build once a round.`,
    starts(),
    '## What was tried to make the executable smaller',
    smallerBuilds(),
    'MiB, and the medians of two commands in milliseconds: a `get`, and one that loads most of what people use. None of these is kept. A start may cost 5 % more for a smaller executable; what bytecode is left out has to be made at every start that needs it, and that is more. Stripping takes what Bun has stripped already, or the program itself. Compressing the executable itself (UPX and its like) was not tried: it would be unpacked at every start.',
    '## What was tried to make the archive smaller',
    smallerArchives(),
    'The archives are gzip: zstd makes them smaller, but tar calls a program for it that a bare machine does not have. The .rpm is zstd, and the .deb is xz, where their tools bring these along.',
    '',
  ].join('\n\n');
}

try {
  const text = report();
  fs.writeFileSync(file, text);
  console.log(text);
} finally {
  fs.rmSync(scratch, { recursive: true });
}
