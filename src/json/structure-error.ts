/** The path from the root of a document to a value in it: the names of members, and the indexes of items. */
export type Path = readonly (string | number)[]

/** What is wrong with a document. */
export type Flaw = 'syntax' | 'depth' | 'items' | 'values' | 'duplicate' | 'proto' | 'surrogate' | 'surrogate-in-name'

/** Where a document is wrong: a path to the value or, for an error in the syntax, a position in the text. */
export class StructureError extends Error {
  readonly flaw: Flaw
  readonly path: Path
  readonly position: number

  constructor (flaw: Flaw, path: Path, position: number) {
    super(flaw)
    this.flaw = flaw
    this.path = path
    this.position = position
  }
}
