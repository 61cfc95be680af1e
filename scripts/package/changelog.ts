/**
 * What a changelog in the form of Keep a Changelog says of a version, without its heading. Throws where
 * it says nothing: a release without a word is a mistake.
 */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.startsWith(`[${version}]`));
  const [, ...lines] = section?.split('\n') ?? [];
  const notes = lines.join('\n').trim();
  if (notes === '') throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${notes}\n`;
}
