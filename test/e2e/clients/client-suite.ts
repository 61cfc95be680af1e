import { suite } from 'uvu';
import { findMissing } from './programs.ts';
import { createScene, type Scene } from './scene.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export interface ClientSuite {
  test(name: string, body: (scene: Scene) => Promise<void>): void;
  run(): void;
}

/**
 * Returns a suite with the tests of one client. If a program is not installed, the tests fail in CI, and are skipped by
 * name elsewhere; see `findMissing`.
 */
export function clientSuite(
  title: string,
  programs: readonly string[],
  options: WorldOptions = {},
): ClientSuite {
  const tests = suite(title);
  const missing = findMissing(programs);
  // Not started in a `before` hook, because uvu ignores its errors.
  let world: Promise<World> | undefined;
  tests.after(async () => {
    // If the start failed, the tests have failed, and the servers are closed.
    const started = await world?.catch(() => undefined);
    await started?.close();
  });
  return {
    test(name, body) {
      if (missing.isSkipped) {
        console.log(`skipped: ${title}: ${name} (not installed: ${missing.names})`);
        tests.skip(name);
        return;
      }
      tests(name, async () => {
        if (missing.names !== '') throw new Error(`not installed: ${missing.names}`);
        world ??= startWorld(options);
        const scene = createScene(await world);
        await body(scene);
        scene.assertNoSecretLeft();
      });
    },
    run: tests.run,
  };
}
