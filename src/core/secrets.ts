/**
 * Text that looks like a credential. Published history cannot be taken back, so such text is refused
 * unless its author insists (`allow_secret`). The prefixes are those that their issuers document.
 *
 * Texts may hold a MiB and come from strangers: no pattern may begin with an unbounded run that can begin again inside
 * itself, or the search takes quadratic time. A test holds each of them to that.
 */

interface SecretPattern {
  readonly what: string;
  readonly pattern: RegExp;
}

const secretPatterns: readonly SecretPattern[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/ },
  { what: 'a GitLab token', pattern: /\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,}/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Google API key', pattern: /\bAIza[A-Za-z0-9_-]{35}/ },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { what: 'a PyPI token', pattern: /\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}/ },
  { what: 'a Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{16,}/ },
  { what: 'an Anthropic key', pattern: /\bsk-ant-[A-Za-z0-9_-]{20,}/ },
  { what: 'an OpenAI key', pattern: /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{40,}/ },
  { what: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{30,}\b/ },
  { what: 'a credential in a URL', pattern: /[a-z0-9+.-]:\/\/[^\s/:@]*:[^\s/@]{3,}@[^\s/]/i },
  {
    what: 'a JSON web token',
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/,
  },
];

/** Finds what looks like a credential anywhere in a value; says what kind, never the text itself. */
export function findSecret(value: unknown): string | null {
  if (typeof value === 'string') {
    return value.length < 16 ? null : (secretPatterns.find(({ pattern }) => pattern.test(value))?.what ?? null);
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const found = findSecret(key) ?? findSecret(inner);
    if (found !== null) return found;
  }
  return null;
}

/** A key is several lines: all of them go, also where the end, or the beginning, was cut off. */
const wholeKey =
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|$)/g;
const endOfKey = /^[\s\S]*-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/;

/** A text with what looks like a credential taken out of it: for output that nobody wrote to be published. */
export function redactSecrets(text: string): string {
  let clean = text.replace(wholeKey, '[redacted: a private key]').replace(endOfKey, '[redacted: a private key]');
  for (const { what, pattern } of secretPatterns)
    clean = clean.replace(new RegExp(pattern.source, `${pattern.flags}g`), `[redacted: ${what}]`);
  // What is left when something was taken out may look like a credential anew.
  return findSecret(clean) === null ? clean : '[redacted]';
}
