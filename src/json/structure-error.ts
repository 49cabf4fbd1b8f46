/** The path from the root of a document to a value in it: the names of members, and the indexes of items. */
export type Path = readonly (string | number)[]

/** The rule that a document breaks. */
export type Rule = 'syntax' | 'depth' | 'items' | 'values' | 'duplicate' | 'proto' | 'surrogate' | 'surrogate-in-name'

/**
 * Thrown for a document that breaks a rule. `path` leads to the value that breaks it. For a syntax error, `position` is the
 * error's position in the text.
 */
export class StructureError extends Error {
  readonly rule: Rule
  readonly path: Path
  readonly position: number

  constructor (rule: Rule, path: Path, position: number) {
    super(rule)
    this.rule = rule
    this.path = path
    this.position = position
  }
}
