/**
 * Counts that begin at none.
 *
 * @param countOf under which name each result is counted
 */
export const zeroCounts = <Name extends string>(countOf: Readonly<Record<string, Name>>): Record<Name, number> =>
  Object.fromEntries(Object.values(countOf).map((name) => [name, 0])) as Record<Name, number>
