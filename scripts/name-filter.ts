/** Returns whether a test's name contains `wanted`, or matches it as a regular expression; case does not count. */
export function nameFilter(wanted: string): (name: string) => boolean {
  const text = wanted.toLowerCase();
  const pattern = toPattern(wanted);
  return (name) => name.toLowerCase().includes(text) || pattern?.test(name) === true;
}

/** A test's name with a parenthesis need not be a valid regular expression. */
function toPattern(text: string): RegExp | undefined {
  try {
    return new RegExp(text, 'i');
  } catch {
    return undefined;
  }
}
