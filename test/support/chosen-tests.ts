/**
 * Preloaded into the process of a test file, so that uvu runs only the tests that match TEST_NAME. uvu has no such
 * option.
 */
import type { Test } from 'uvu';
import * as uvu from 'uvu';
import { nameFilter } from '../../scripts/name-filter.ts';

interface PluginBuilder {
  module(name: string, load: () => { exports: object; loader: 'object' }): void;
}
declare const Bun: {
  plugin(plugin: { name: string; setup: (build: PluginBuilder) => void }): void;
};

const isChosen = nameFilter(process.env.TEST_NAME ?? '');

function suite<T extends object>(title = '', context?: T): Test<T> {
  const whole = uvu.suite<T>(title, context);
  let isEmpty = true;
  function whenChosen<Args extends [name: string, ...rest: never[]]>(add: (...args: Args) => void) {
    return (...args: Args) => {
      const [name] = args;
      if (![name, `${title}: ${name}`].some(isChosen)) return;
      isEmpty = false;
      add(...args);
    };
  }
  return Object.assign(whenChosen(whole), whole, {
    only: whenChosen(whole.only),
    skip: whenChosen(whole.skip as (name: string) => void),
    // Without a chosen test, the hooks must not start servers.
    run: () => isEmpty || whole.run(),
  }) as Test<T>;
}

Bun.plugin({
  name: 'chosen tests',
  setup: (build) =>
    build.module('uvu', () => ({ exports: { ...uvu, suite, test: suite() }, loader: 'object' })),
});
