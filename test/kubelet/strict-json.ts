/** A JSON value, as Kubernetes' strict decoder returns it. */
export type Json = string | number | boolean | null | Json[] | { readonly [name: string]: Json };

/**
 * Parses JSON and throws if an object has a duplicate member, which `JSON.parse` accepts. This parser is separate from
 * the one in src, so that tests do not use the code under test.
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
