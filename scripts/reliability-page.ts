const heading = '## Mutation tests';

/** Returns the section that `make mutants` has written, with its heading; empty if there is none. */
export function mutantsOn(page: string): string {
  const start = page.indexOf(heading);
  return start < 0 ? '' : page.slice(start).trimEnd();
}

/** Returns the page with another last section. */
export function replaceMutants(page: string, section: string): string {
  const before = page.replace(mutantsOn(page), '').trimEnd();
  return `${before}\n\n${heading}\n\n${section}\n`;
}
