import { visit } from 'jsonc-parser'
import { invalidRequest, type Problem } from '../errors.ts'

/** Deeper than any honest document, and far from what recursion in a validator or serializer can bear. */
const maximumDepth = 64

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A request's JSON (RFC 8259), strictly: UTF-8, no duplicate member names, no `__proto__`, no lone surrogates (they
 * can't be stored as UTF-8), at most 64 levels. `JSON.parse` accepts all of these, and would keep the last of two members.
 *
 * @throws Problem `invalid-request`; its message never quotes the text.
 */
export function parseJson (body: Uint8Array): unknown {
  const text = decode(body)
  checkStructure(text)
  try {
    return JSON.parse(text)
  } catch {
    throw mistake('must be JSON')
  }
}

function decode (body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw mistake('must be UTF-8')
  }
}

/** Finds what `JSON.parse` lets through. Leaves at the first mistake, and so before its own recursion gets deep. */
function checkStructure (text: string): void {
  const open: Set<string>[] = []
  const enter = (): void => {
    if (open.length === maximumDepth) throw mistake(`must not nest deeper than ${maximumDepth} levels`)
    open.push(new Set())
  }
  const leave = (): void => { open.pop() }
  visit(text, {
    onObjectBegin: enter,
    onObjectEnd: leave,
    onArrayBegin: enter,
    onArrayEnd: leave,
    onObjectProperty (name) {
      const names = open.at(-1)
      if (names?.has(name)) throw mistake('must not have the same member twice in one object')
      if (name === '__proto__') throw mistake('must not have a member named __proto__')
      checkString(name)
      names?.add(name)
    },
    onLiteralValue (value) {
      if (typeof value === 'string') checkString(value)
    }
  })
}

function checkString (string: string): void {
  if (!string.isWellFormed()) throw mistake('must not have an unpaired surrogate in a string')
}

const mistake = (message: string): Problem => invalidRequest({ in: 'body', pointer: '', message })
