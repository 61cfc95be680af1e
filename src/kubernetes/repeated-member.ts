/** A text, a bracket, a comma, a colon; numbers and words are of no account here. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * The name of a member that an object in this JSON has twice, at whatever depth; `undefined` where none has. For a
 * text that `JSON.parse` takes: it keeps the last of the two and says nothing, and another program may keep the first.
 */
export function repeatedMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1);
      const name: string = JSON.parse(last);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    last = token;
  }
  return undefined;
}
