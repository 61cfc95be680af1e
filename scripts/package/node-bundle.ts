import path from 'node:path';
import { environmentDefines } from '../build.ts';
import { root } from './stamp.ts';

interface BuildOptions {
  readonly entrypoints: readonly string[];
  readonly target: 'node';
  readonly format: 'esm';
  readonly minify: boolean;
  readonly splitting: boolean;
  readonly outdir: string;
  readonly define: Readonly<Record<string, string>>;
  readonly plugins: readonly Plugin[];
}

interface Plugin {
  readonly name: string;
  readonly setup: (build: {
    onResolve(on: { filter: RegExp }, resolve: () => { path: string }): void;
  }) => void;
}

/** The part of Bun's API that is used here: its command line does not support plugins. */
declare const Bun: { build(options: BuildOptions): Promise<unknown> };

/**
 * For Node, Bun uses a package's `main`. That of jsonc-parser is a UMD module, whose `require` calls bundlers cannot
 * follow.
 */
const jsoncParser: Plugin = {
  name: 'jsonc-parser',
  setup: (build) =>
    build.onResolve({ filter: /^jsonc-parser$/ }, () => ({
      path: path.join(root, 'node_modules', 'jsonc-parser', 'lib', 'esm', 'main.js'),
    })),
};

/**
 * Writes the bundle for Node 22.15 or later into `folder`: `main.js` and, with `splitting`, one file for each lazily
 * loaded part. A source map is omitted, because it would contain local paths.
 */
export async function bundleForNode(
  folder: string,
  defines: Readonly<Record<string, string>>,
  { splitting }: { readonly splitting: boolean },
): Promise<string> {
  await Bun.build({
    entrypoints: [path.join(root, 'src', 'main.ts')],
    target: 'node',
    format: 'esm',
    minify: true,
    splitting,
    outdir: folder,
    define: { ...environmentDefines, ...defines },
    plugins: [jsoncParser],
  });
  return path.join(folder, 'main.js');
}
