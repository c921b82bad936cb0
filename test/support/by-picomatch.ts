import picomatch from 'picomatch';

export const isName = (name: string): boolean => name !== '.' && name !== '..';

/**
 * picomatch with everything off but `?`, `*` and `**`; what else means something to it is escaped. It lets `a*` match `a`, but
 * not `*.*` `a.`, and `a/**` match `a`, but not `?/**` `a`: so wildcards that may stand for nothing are also left out.
 */
export function byPicomatch(glob: string): (path: string) => boolean {
  const matchers = withAndWithout(glob.normalize('NFC')).map((text) =>
    picomatch(text.replace(/[[\]{}()!+@\\^$|.#,"']/g, '\\$&'), {
      dot: true,
      nobrace: true,
      noextglob: true,
      nonegate: true,
      literalBrackets: true,
    }),
  );
  return (path) => matchers.some((isMatch) => isMatch(path.normalize('NFC')));
}

/** The glob, and those that are left when some of what may be nothing is nothing. */
function withAndWithout(glob: string): string[] {
  const choices = glob.split('/').map((part): string[] => {
    if (part === '**') return [part, ''];
    const ways = part
      .split('*')
      .reduce<string[]>(
        (begun, piece, index) =>
          index === 0 ? [piece] : begun.flatMap((word) => [`${word}${piece}`, `${word}*${piece}`]),
        [],
      );
    return ways.filter((way) => way !== '' && isName(way));
  });
  const all = choices.reduce<string[][]>(
    (begun, ways) => begun.flatMap((parts) => ways.map((way) => (way === '' ? parts : [...parts, way]))),
    [[]],
  );
  return [...new Set(all.map((parts) => parts.join('/')))].filter((text) => text !== '' && !text.includes('***'));
}
