/** The values of a request's condition keys. The keys are in lower case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

type FixedPart = { kind: 'character', character: string } | { kind: 'any' } | { kind: 'one' }

interface Variable {
  kind: 'variable'
  key: string
  /** The value to use if the request has none. */
  defaultValue: string | undefined
}

type Fold = (character: string) => string

const unchanged: Fold = (character) => character

/** A parsed string of a policy, for comparison with a request's strings. */
export type Pattern = readonly (FixedPart | Variable)[]

/** The special characters that a string of a policy can contain. */
export interface PatternSyntax {
  /** True if `*` matches any string and `?` any character. */
  wildcards: boolean
  /** True if `${key}` and `${key, 'default'}` are variables, as they are since version 2012-10-17 of the policy language. */
  variables: boolean
}

/** Parses a string of a policy. Where variables are enabled, `${*}`, `${?}` and `${$}` stand for the literal characters. */
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
 * Returns true if a whole string matches a pattern. A variable stands for the value of its key. If the request has several values
 * for it, or none and no default, nothing matches.
 *
 * @param fold maps characters that count as equal to the same character
 */
export function matches (pattern: Pattern, text: string, context: ConditionContext, fold: Fold = unchanged): boolean {
  const filled = pattern.map((part) => part.kind === 'variable' ? charactersOf(part, context) : [part])
  return filled.every((parts) => parts !== undefined) && fits(filled.flat(), Array.from(text), fold)
}

/** Returns a variable's value as literal characters, so that a request can never inject wildcards. */
function charactersOf ({ key, defaultValue }: Variable, context: ConditionContext): FixedPart[] | undefined {
  const values = context.get(key)
  const value = (values?.length === 1 ? values[0] : undefined) ?? defaultValue
  return value === undefined ? undefined : Array.from(value, (character) => ({ kind: 'character', character }))
}

/**
 * Matches each `*` as short as possible and extends it only if the rest does not match. Only the last `*` is ever extended, so
 * the time is at most the product of both lengths, whatever the pattern.
 */
function fits (parts: readonly FixedPart[], characters: readonly string[], fold: Fold): boolean {
  let [next, at] = [0, 0]
  /** The part after the last `*`, and the position in the text at which it was last tried. */
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
