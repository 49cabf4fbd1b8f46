/** Builds the value of a JSON text while the text is read. All positions refer to the text. */
export interface Builder {
  /** Begins a list or an object. */
  open: (isObject: boolean) => void
  /** Begins an item or a member. Its text starts at this position, and that of a member with its name. */
  begin: (position: number) => void
  /** Ends the current item or member. Its text ends before this position. */
  end: (position: number) => void
  /** Completes the innermost list or object. */
  close: () => void
  /** Returns the value of the whole text. */
  result: () => unknown
}

/** A list or an object that is not complete. */
interface Part {
  readonly isObject: boolean
  /** The value so far, without the text that has not been parsed. Undefined if nothing has been parsed. */
  built: Built | undefined
  /** The position of the first item or member that has not been parsed; -1 if everything has been parsed. */
  start: number
  /** The end of the last complete item or member. */
  end: number
  /** The position of the current item or member. */
  current: number
}

type Built = unknown[] | Record<string, unknown>

/**
 * Creates a builder. It parses runs of items or members with `JSON.parse`, which is fast, but would block the event loop with a
 * long text.
 *
 * @param text JSON without duplicate names and without `__proto__`, which the caller checks
 * @param pieceLength the number of characters at which a run is long enough to be parsed
 */
export function createBuilder (text: string, pieceLength: number): Builder {
  const open: Part[] = []
  let root: Built | undefined

  /** Parses a part's complete items or members that have not been parsed. */
  function parseRun (part: Part): void {
    part.built ??= part.isObject ? {} : []
    if (part.start < 0) return
    const run = text.slice(part.start, part.end)
    part.start = -1
    if (Array.isArray(part.built)) for (const item of JSON.parse(`[${run}]`) as unknown[]) part.built.push(item)
    else Object.assign(part.built, JSON.parse(`{${run}}`))
  }

  /** Adds an item or member that has already been built. */
  function add (parent: Part, built: Built): void {
    // If the run begins with this item or member, there is nothing to parse, because it has already been built.
    if (parent.start === parent.current) parent.start = -1
    parseRun(parent)
    if (Array.isArray(parent.built)) parent.built.push(built)
    else if (parent.built !== undefined) parent.built[nameAt(parent.current)] = built
  }

  /** Returns the name of the member at a position. */
  function nameAt (position: number): string {
    let end = position + 1
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    return JSON.parse(text.slice(position, end + 1)) as string
  }

  return {
    open (isObject) {
      open.push({ isObject, built: undefined, start: -1, end: -1, current: -1 })
    },
    begin (position) {
      const part = open.at(-1)
      if (part === undefined) return
      part.current = position
      if (part.start < 0) part.start = position
    },
    end (position) {
      const part = open.at(-1)
      if (part === undefined || part.start < 0) return
      part.end = position
      if (position - part.start >= pieceLength) parseRun(part)
    },
    close () {
      const part = open.pop()
      if (part?.built === undefined) return
      parseRun(part)
      const parent = open.at(-1)
      if (parent === undefined) root = part.built
      else add(parent, part.built)
    },
    result: () => root ?? JSON.parse(text) as unknown
  }
}
