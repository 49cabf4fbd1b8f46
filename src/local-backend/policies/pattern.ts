/** The values that a request has for each condition key, which is in lower case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

type FixedPart = { kind: 'character', character: string } | { kind: 'any' } | { kind: 'one' }

interface Variable {
  kind: 'variable'
  key: string
  /** What it stands for where the request has no value. */
  otherwise: string | undefined
}

type Fold = (character: string) => string

const asItIs: Fold = (character) => character

/** A text of a policy that a request's text is compared with. */
export type Pattern = readonly (FixedPart | Variable)[]

/** What a policy's text is made of besides characters. */
export interface PatternSyntax {
  /** `*` for any text and `?` for any character. */
  wildcards: boolean
  /** `${key}`, and `${key, 'default'}`: since version 2012-10-17 of the policy language. */
  variables: boolean
}

/** Reads a text of a policy. `${*}`, `${?}` and `${$}` stand for these characters themselves, as in AWS's language. */
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
  const [, key = inside, otherwise] = /^([^,]*),\s*'(.*)'$/s.exec(inside) ?? []
  return { kind: 'variable', key: key.trim().toLowerCase(), otherwise }
}

/**
 * Whether the whole of a text matches a pattern. A variable stands for the one value of its key; one that the request has no
 * value for, or several, matches nothing. `fold` makes alike what is to count as the same character.
 */
export function matches (pattern: Pattern, text: string, context: ConditionContext, fold: Fold = asItIs): boolean {
  const filled = pattern.map((part) => part.kind === 'variable' ? charactersOf(part, context) : [part])
  return filled.every((parts) => parts !== undefined) && fits(filled.flat(), Array.from(text), fold)
}

/** What a request says is never a wildcard. */
function charactersOf ({ key, otherwise }: Variable, context: ConditionContext): FixedPart[] | undefined {
  const values = context.get(key)
  const value = (values?.length === 1 ? values[0] : undefined) ?? otherwise
  return value === undefined ? undefined : Array.from(value, (character) => ({ kind: 'character', character }))
}

/**
 * Gives each `*` as little of the text as it can, and more only where the rest doesn't fit otherwise. Only the last `*` is ever
 * given more, so that it takes no longer than the product of the two lengths, whatever the pattern.
 */
function fits (parts: readonly FixedPart[], characters: readonly string[], fold: Fold): boolean {
  let [next, at] = [0, 0]
  /** What follows the last `*`, and where in the text that was last tried. */
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
