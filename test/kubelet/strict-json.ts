/** What JSON holds, as Kubernetes' strict decoder gives it. */
export type Json = string | number | boolean | null | Json[] | { readonly [name: string]: Json };

/**
 * Reads JSON and refuses a member that an object has twice, which `JSON.parse` passes over: a reader of its own, so
 * that the code under test is not judged by its own. Throws what is wrong with the text.
 */
export function parseStrictly(text: string): Json {
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}`);
  };
  const skip = () => {
    while (/[ \t\r\n]/.test(text[at] ?? '')) at += 1;
  };
  const expect = (character: string) => {
    skip();
    if (text[at] !== character) fail(`no ${character}`);
    at += 1;
  };
  const isNext = (character: string) => {
    skip();
    return text[at] === character;
  };
  const scalar = (): Json => {
    const found = /^(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)/s.exec(text.slice(at));
    if (found === null) return fail('no value');
    at += found[0].length;
    return JSON.parse(found[0]);
  };
  const list = (end: string, item: () => void) => {
    at += 1;
    if (isNext(end)) {
      at += 1;
      return;
    }
    for (item(); isNext(','); item()) at += 1;
    expect(end);
  };
  const value = (): Json => {
    skip();
    if (text[at] === '[') {
      const items: Json[] = [];
      list(']', () => items.push(value()));
      return items;
    }
    if (text[at] !== '{') return scalar();
    const members = new Map<string, Json>();
    list('}', () => {
      skip();
      const name = scalar();
      if (typeof name !== 'string') return fail('a member without a name');
      if (members.has(name)) fail(`a second member ${name}`);
      expect(':');
      members.set(name, value());
    });
    return Object.fromEntries(members);
  };
  const whole = value();
  skip();
  if (at < text.length) fail('more after the value');
  return whole;
}
