import path from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/async';

/** Calls `use` with a function that returns the syntax tree of a source file of the project in `root`. */
export async function withSources<T>(
  root: string,
  use: (sourceOf: (file: string) => Promise<SourceFile>) => Promise<T>,
): Promise<T> {
  const api = new API({ cwd: root });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [path.join(root, 'tsconfig.json')] });
    const project = snapshot.getProjects()[0];
    return await use(async (file) => {
      const source = await project?.program.getSourceFile(path.join(root, file));
      if (source === undefined) throw new Error(`${file} is not part of tsconfig.json`);
      return source;
    });
  } finally {
    await api.close();
  }
}
