import { visit } from 'jsonc-parser'
import { invalidRequest, type Problem } from '#src/problems/problem'

/** Deeper than any honest document, and far from what recursion in a validator or serializer can bear. */
const maximumDepth = 64

/** More than the largest list that a route takes, and few enough to report a mistake in each. */
const maximumItems = 10_001
const maximumValues = 250_000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A request's JSON (RFC 8259), strictly: UTF-8, no duplicate member names, no `__proto__`, no lone surrogates (they
 * can't be stored as UTF-8), no numbers that a double can't hold, bounded in depth and number. `JSON.parse` accepts all of
 * these, and would keep the last of two members and the nearest of two numbers.
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
  const open: { names: Set<string>, items: number }[] = []
  let values = 0
  const count = (): void => {
    const container = open.at(-1)
    if (container !== undefined) container.items += 1
    values += 1
    if (values > maximumValues || (container?.items ?? 0) > maximumItems) throw mistake('must not have so many values')
  }
  const enter = (): void => {
    count()
    if (open.length === maximumDepth) throw mistake(`must not nest deeper than ${maximumDepth} levels`)
    open.push({ names: new Set(), items: 0 })
  }
  const leave = (): void => { open.pop() }
  visit(text, {
    onObjectBegin: enter,
    onObjectEnd: leave,
    onArrayBegin: enter,
    onArrayEnd: leave,
    onObjectProperty (name) {
      const names = open.at(-1)?.names
      if (names?.has(name)) throw mistake('must not have the same member twice in one object')
      if (name === '__proto__') throw mistake('must not have a member named __proto__')
      checkString(name)
      names?.add(name)
    },
    onLiteralValue (value, offset, length) {
      count()
      if (typeof value === 'string') checkString(value)
      if (typeof value === 'number' && decimal(text.slice(offset, offset + length)) !== decimal(String(value))) {
        throw mistake('must not have a number that is beyond a double\'s range or precision (RFC 7493, section 2.2)')
      }
    }
  })
}

function checkString (string: string): void {
  if (!string.isWellFormed()) throw mistake('must not have an unpaired surrogate in a string')
}

/** A number in one form of the many that it can be written in: its digits, and the power of ten behind them. */
function decimal (number: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? [number]
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}

const mistake = (message: string): Problem => invalidRequest({ in: 'body', pointer: '', message })
