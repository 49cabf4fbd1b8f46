import { BlockList, isIP } from 'node:net'
import { matches, readPattern, type ConditionContext } from './pattern.ts'

/** Returns true if a request's value matches the policy's value that this test was created for. */
export type Test = (value: string, context: ConditionContext) => boolean

/** A condition operator, which compares a request's values with a policy's values. */
export interface Operator {
  /** True for operators such as `StringNotEquals`, which are met if the request's value matches none of the policy's values. */
  negated: boolean
  /**
   * Parses a policy's value and returns the test for it; undefined if the value has the wrong type for the operator. For
   * `variables`, see `PatternSyntax`.
   */
  read: (text: string, variables: boolean) => Test | undefined
}

type Read = Operator['read']

const lowerCase = (text: string): string => text.toLowerCase()

const equals: Read = (text, variables) => {
  const pattern = readPattern(text, { wildcards: false, variables })
  return (value, context) => matches(pattern, value, context)
}

const equalsIgnoringCase: Read = (text, variables) => {
  const pattern = readPattern(text, { wildcards: false, variables })
  return (value, context) => matches(pattern, value, context, lowerCase)
}

const like: Read = (text, variables) => {
  const pattern = readPattern(text, { wildcards: true, variables })
  return (value, context) => matches(pattern, value, context)
}

/** Compares each of the six parts of an ARN separately, so a wildcard never matches across parts. */
const arnLike: Read = (text, variables) => {
  if (text === '*') return () => true
  // The colons in a variable's key don't separate the parts of the ARN.
  const parts = sixParts(text.split(variables ? /:(?![^{}]*\})/ : ':'))
  if (parts.length < 6) return undefined
  const patterns = parts.map((part) => readPattern(part, { wildcards: true, variables }))
  return (value, context) => {
    const found = sixParts(value.split(':'))
    return found.length === 6 && patterns.every((pattern, index) => matches(pattern, found[index] ?? '', context))
  }
}

function sixParts (parts: readonly string[]): string[] {
  return parts.length < 6 ? [...parts] : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/**
 * Creates the `Read` function of an operator that compares parsed values: `parse` parses the policy's value and the request's
 * value, and `holds` compares the two. A request's value that can't be parsed never matches.
 */
function compare<Value> (parse: (text: string) => Value | undefined, holds: (value: Value, wanted: Value) => boolean): Read {
  return (text) => {
    const wanted = parse(text)
    if (wanted === undefined) return undefined
    return (value) => {
      const found = parse(value)
      return found !== undefined && holds(found, wanted)
    }
  }
}

const number = (text: string): number | undefined => /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined

const boolean = (text: string): boolean | undefined => booleans.get(text.toLowerCase())

const booleans: ReadonlyMap<string, boolean> = new Map([['true', true], ['false', false]])

/** Parses a date in ISO 8601 or in seconds since the epoch, and returns it in milliseconds since the epoch. */
function date (text: string): number | undefined {
  const seconds = number(text)
  if (seconds !== undefined && !/^\d{4}$/.test(text)) return seconds * 1000
  const time = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)?)?$/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(time) ? undefined : time
}

const ipAddress: Read = (text) => {
  const [address = '', length, ...more] = text.split('/')
  const family = families[isIP(address)]
  const bits = length ?? String(family?.bits)
  if (family === undefined || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > family.bits) return undefined
  const range = new BlockList()
  range.addSubnet(address, Number(bits), family.name)
  return (value) => {
    const valueFamily = families[isIP(value)]
    return valueFamily !== undefined && range.check(value, valueFamily.name)
  }
}

const families: Readonly<Record<number, { name: 'ipv4' | 'ipv6', bits: number }>> = {
  4: { name: 'ipv4', bits: 32 }, 6: { name: 'ipv6', bits: 128 }
}

const is = (read: Read): Operator => ({ negated: false, read })
const isNot = (read: Read): Operator => ({ negated: true, read })

const same = <Value>(value: Value, wanted: Value): boolean => value === wanted
const less = (value: number, wanted: number): boolean => value < wanted
const lessOrSame = (value: number, wanted: number): boolean => value <= wanted
const more = (value: number, wanted: number): boolean => value > wanted
const moreOrSame = (value: number, wanted: number): boolean => value >= wanted

/** AWS's condition operators except `Null`, which compares no values. */
export const operators: Readonly<Record<string, Operator>> = {
  StringEquals: is(equals),
  StringNotEquals: isNot(equals),
  StringEqualsIgnoreCase: is(equalsIgnoringCase),
  StringNotEqualsIgnoreCase: isNot(equalsIgnoringCase),
  StringLike: is(like),
  StringNotLike: isNot(like),
  NumericEquals: is(compare(number, same)),
  NumericNotEquals: isNot(compare(number, same)),
  NumericLessThan: is(compare(number, less)),
  NumericLessThanEquals: is(compare(number, lessOrSame)),
  NumericGreaterThan: is(compare(number, more)),
  NumericGreaterThanEquals: is(compare(number, moreOrSame)),
  DateEquals: is(compare(date, same)),
  DateNotEquals: isNot(compare(date, same)),
  DateLessThan: is(compare(date, less)),
  DateLessThanEquals: is(compare(date, lessOrSame)),
  DateGreaterThan: is(compare(date, more)),
  DateGreaterThanEquals: is(compare(date, moreOrSame)),
  Bool: is(compare(boolean, same)),
  BinaryEquals: is(equals),
  IpAddress: is(ipAddress),
  NotIpAddress: isNot(ipAddress),
  ArnEquals: is(arnLike),
  ArnNotEquals: isNot(arnLike),
  ArnLike: is(arnLike),
  ArnNotLike: isNot(arnLike)
}
