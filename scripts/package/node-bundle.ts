import path from 'node:path';
import { closed } from '../build.ts';
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

/** What is used of Bun's own interface: its command line has no place for a plugin. */
declare const Bun: { build(options: BuildOptions): Promise<unknown> };

/**
 * For Node, Bun takes a package's `main`, and that of jsonc-parser hides its files behind a `require`
 * which no bundler sees through.
 */
const jsoncParser: Plugin = {
  name: 'jsonc-parser',
  setup: (build) =>
    build.onResolve({ filter: /^jsonc-parser$/ }, () => ({
      path: path.join(root, 'node_modules', 'jsonc-parser', 'lib', 'esm', 'main.js'),
    })),
};

/**
 * Writes the helper for Node 22.15 or later into `folder`: `main.js` and, where `splitting`, a file
 * for each part that is loaded when it is needed. Has no source map: that would have local paths.
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
    define: { ...closed, ...defines },
    plugins: [jsoncParser],
  });
  return path.join(folder, 'main.js');
}
