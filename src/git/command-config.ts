/**
 * Configuration that reaches a process through its environment: GIT_CONFIG_COUNT (CI runners keep tokens there) and
 * GIT_CONFIG_PARAMETERS (`git -c key=value`, which git hands on to its hooks and aliases).
 */
import { OrcError } from '../errors.ts';
import { canonicalKey } from './config-file.ts';
import type { ConfigEntry } from './config-syntax.ts';
import type { Environment } from './host.ts';

/** In git's order, keys in canonical case. What git would refuse is left out: git itself will say so. */
export function readCommandConfig(env: Environment): readonly ConfigEntry[] {
  const pairs: (readonly [string, string])[] = [];
  const count = Number(env.GIT_CONFIG_COUNT ?? 0);
  for (let index = 0; index < count; index++) {
    const key = env[`GIT_CONFIG_KEY_${index}`];
    const value = env[`GIT_CONFIG_VALUE_${index}`];
    if (key === undefined || value === undefined) break;
    pairs.push([key, value]);
  }
  pairs.push(...readParameters(env.GIT_CONFIG_PARAMETERS ?? ''));
  return pairs.flatMap(([key, value]): ConfigEntry[] => {
    try {
      return [[canonicalKey(key), value]];
    } catch (error) {
      if (error instanceof OrcError) return [];
      throw error;
    }
  });
}

/** `'key'='value'`, `'key'=` for a bare key, and until git 2.30 `'key=value'`; with shell quoting, parted by spaces. */
function readParameters(text: string): (readonly [string, string])[] {
  const quoted = String.raw`'(?:[^']|'\\['!]')*'`;
  const pattern = new RegExp(`(${quoted})(?:(=)(${quoted})?)?(?: +|$)`, 'y');
  const pairs: (readonly [string, string])[] = [];
  for (let match = pattern.exec(text); match !== null && match[0] !== ''; match = pattern.exec(text)) {
    const [, first = '', separator, second] = match;
    const name = unquote(first);
    if (separator !== undefined) pairs.push([name, second === undefined ? 'true' : unquote(second)]);
    else {
      const end = name.indexOf('=');
      pairs.push(end === -1 ? [name, 'true'] : [name.slice(0, end), name.slice(end + 1)]);
    }
  }
  return pairs;
}

const unquote = (quoted: string): string => quoted.slice(1, -1).replace(/'\\(['!])'/g, '$1');
