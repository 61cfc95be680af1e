import type { JsonObject } from '../json-object.ts';

/** The values of an attribute to which a policy is limited. */
export interface Limit {
  /** For messages. */
  readonly text: string;
  readonly matches: (value: string) => boolean;
}

const tests: Readonly<Record<string, (wanted: string, value: string) => boolean>> = {
  stringEquals: (wanted, value) => wanted === value,
  stringEqualsAnyOf: (wanted, value) => wanted === value,
  stringMatch: (wanted, value) => patternOf(wanted).test(value),
  stringMatchAnyOf: (wanted, value) => patternOf(wanted).test(value),
  stringExists: (wanted) => wanted === 'true',
};

/**
 * Returns the limit of an attribute in a policy of either version; undefined if its operator is not known. Without an operator, the
 * value is compared. Source: https://cloud.ibm.com/docs/account?topic=account-iam-condition-properties.
 */
export function limitOf({ operator = 'stringEquals', value }: JsonObject): Limit | undefined {
  const test = tests[String(operator)];
  if (test === undefined) return undefined;
  const wanted = (Array.isArray(value) ? value : [value]).map(String);
  return {
    text: operator === 'stringExists' ? `(any: ${wanted})` : wanted.join(' or '),
    matches: (text) => wanted.some((each) => test(each, text)),
  };
}

/** `*` stands for any text and `?` for one character; `{{*}}` and `{{?}}` are these characters themselves. */
function patternOf(text: string): RegExp {
  const source = text.replace(/\{\{([*?])\}\}|[^\w]/g, (found, literal?: string) => {
    if (literal !== undefined) return `\\${literal}`;
    if (found === '*') return '.*';
    return found === '?' ? '.' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 's');
}
