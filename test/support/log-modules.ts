import fs from 'node:fs';

// Preloaded before the source: prints each file that Bun loads to standard error.

interface Loading {
  onLoad(on: { filter: RegExp }, load: (file: { path: string }) => object): void;
}

declare const Bun: { plugin(plugin: { name: string; setup(build: Loading): void }): void };

Bun.plugin({
  name: 'log-modules',
  setup: (build) =>
    build.onLoad({ filter: /\.(ts|m?js|cjs|json)$/ }, ({ path }) => {
      fs.writeSync(2, `loaded ${path}\n`);
      const ending = path.slice(path.lastIndexOf('.') + 1);
      const loader = ending === 'ts' || ending === 'json' ? ending : 'js';
      return { contents: fs.readFileSync(path, 'utf8'), loader };
    }),
});
