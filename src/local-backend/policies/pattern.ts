/** The values of a request's condition keys. The keys are in lower case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

type FixedPart = { kind: 'character', character: string } | { kind: 'any' } | { kind: 'one' }

interface Variable {
  kind: 'variable'
  key: string
  /** The value to use if the request doesn't have exactly one value for the key; undefined if the policy specifies no default. */
  defaultValue: string | undefined
}

type Fold = (character: string) => string

const unchanged: Fold = (character) => character

/** A parsed string from a policy, which can be compared with a request's strings. */
export type Pattern = readonly (FixedPart | Variable)[]

/** The special characters that a string in a policy can contain. */
export interface PatternSyntax {
  /** True if `*` matches any string and `?` any character. */
  wildcards: boolean
  /** True if `${key}` and `${key, 'default'}` are variables. The policy language supports them since version 2012-10-17. */
  variables: boolean
}

/**
 * Parses a string from a policy. If variables are enabled, `${*}`, `${?}` and `${$}` stand for the literal characters `*`, `?`
 * and `$`.
 */
export function readPattern (text: string, { wildcards, variables }: PatternSyntax): Pattern {
  const tokens = text.match(variables ? /\$\{[^}]*\}|./gsu : /./gsu) ?? []
  return tokens.map((token) => {
    if (token.startsWith('${')) return variablePart(token.slice(2, -1))
    return (wildcards ? wildcardParts.get(token) : undefined) ?? { kind: 'character', character: token }
  })
}

const wildcardParts: ReadonlyMap<string, FixedPart> = new Map([['*', { kind: 'any' }], ['?', { kind: 'one' }]])

function variablePart (inside: string): FixedPart | Variable {
  if (['*', '?', '$'].includes(inside)) return { kind: 'character', character: inside }
  const [, key = inside, defaultValue] = /^([^,]*),\s*'(.*)'$/s.exec(inside) ?? []
  return { kind: 'variable', key: key.trim().toLowerCase(), defaultValue }
}

/**
 * Returns true if a pattern matches a whole string. A variable stands for the request's value of its key. If the request doesn't
 * have exactly one value for that key, the variable stands for its default. If it has no default, the pattern doesn't match.
 *
 * @param fold returns the same character for all characters that count as equal
 */
export function matches (pattern: Pattern, text: string, context: ConditionContext, fold: Fold = unchanged): boolean {
  const filled = pattern.map((part) => part.kind === 'variable' ? charactersOf(part, context) : [part])
  return filled.every((parts) => parts !== undefined) && fits(filled.flat(), Array.from(text), fold)
}

/** Returns a variable's value as literal characters, so a request can never inject wildcards; undefined if there is no value. */
function charactersOf ({ key, defaultValue }: Variable, context: ConditionContext): FixedPart[] | undefined {
  const values = context.get(key)
  const value = (values?.length === 1 ? values[0] : undefined) ?? defaultValue
  return value === undefined ? undefined : Array.from(value, (character) => ({ kind: 'character', character }))
}

/**
 * Matches each `*` with as few characters as possible, and extends the match only if the rest of the pattern doesn't match. Only
 * the most recent `*` is ever extended, so the running time is at most proportional to the length of the pattern times the length
 * of the text.
 */
function fits (parts: readonly FixedPart[], characters: readonly string[], fold: Fold): boolean {
  let [next, at] = [0, 0]
  /** The index of the part after the most recent `*`, and the position in the text at which that part was last tried. */
  let retry: { next: number, at: number } | undefined
  while (at < characters.length) {
    const part = parts[next]
    if (part?.kind === 'any') {
      next += 1
      retry = { next, at }
    } else if (part?.kind === 'one' || (part !== undefined && fold(part.character) === fold(characters[at] ?? ''))) {
      next += 1
      at += 1
    } else {
      if (retry === undefined) return false
      retry.at += 1
      ;({ next, at } = retry)
    }
  }
  return parts.slice(next).every(({ kind }) => kind === 'any')
}
