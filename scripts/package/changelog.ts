/**
 * Returns the section of a changelog in the format of Keep a Changelog for a version, without its heading. Throws if it
 * is missing or empty, so that no release is without notes.
 */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.startsWith(`[${version}]`));
  const [, ...lines] = section?.split('\n') ?? [];
  const notes = lines.join('\n').trim();
  if (notes === '') throw new Error(`CHANGELOG.md has no notes for ${version}`);
  return `${notes}\n`;
}
