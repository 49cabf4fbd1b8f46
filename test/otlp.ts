import type { ReceivedSpan } from './collector.ts'

/** The fields to read from an OTLP message, by their numbers in `opentelemetry/proto`. A nested message has its own table. */
type Message = Readonly<Record<number, readonly [name: string, type: 'text' | 'hex' | 'number' | Message]>>

const value: Message = { 1: ['stringValue', 'text'], 2: ['boolValue', 'number'], 3: ['intValue', 'number'], 4: ['doubleValue', 'number'] }
const array: Message = { 1: ['values', value] }
const keyValue: Message = { 1: ['key', 'text'], 2: ['value', { ...value, 5: ['arrayValue', array] }] }
const span: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'number'],
  7: ['startTimeUnixNano', 'number'],
  8: ['endTimeUnixNano', 'number'],
  9: ['attributes', keyValue],
  15: ['status', { 3: ['code', 'number'] }]
}
const request: Message = {
  1: ['resourceSpans', { 1: ['resource', { 1: ['attributes', keyValue] }], 2: ['scopeSpans', { 2: ['spans', span] }] }]
}

/** The members that occur at most once in a message. All others are lists. */
const single = new Set(['resource', 'value', 'status', 'arrayValue'])

interface AnyValue {
  stringValue?: string
  boolValue?: boolean | string
  intValue?: string | number
  doubleValue?: number
  arrayValue?: { values?: AnyValue[] }
}

type KeyValues = { key: string, value: AnyValue }[]

interface Export {
  resourceSpans?: {
    resource?: { attributes?: KeyValues }
    scopeSpans?: {
      spans?: {
        traceId: string
        spanId: string
        parentSpanId?: string
        traceState?: string
        name: string
        kind: number | string
        startTimeUnixNano: string | number
        endTimeUnixNano: string | number
        attributes?: KeyValues
        status?: { code?: number | string }
      }[]
    }[]
  }[]
}

/** Reads the body of an export: OTLP in JSON or in Protocol Buffers. */
export function readExport (type: string, body: Buffer): ReceivedSpan[] {
  const { resourceSpans = [] } = (type === 'application/json' ? JSON.parse(body.toString()) : readMessage(body, request)) as Export
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans.map((sent) => ({
    traceId: sent.traceId,
    spanId: sent.spanId,
    parentSpanId: sent.parentSpanId ?? '',
    name: sent.name,
    kind: ['', 'internal', 'server', 'client'][Number(sent.kind)] ?? '',
    milliseconds: Number(BigInt(sent.endTimeUnixNano) - BigInt(sent.startTimeUnixNano)) / 1e6,
    attributes: attributesOf(sent.attributes),
    status: Number(sent.status?.code) === 2 ? 'error' as const : undefined,
    traceState: sent.traceState ?? '',
    resource: attributesOf(resource?.attributes)
  }))))
}

const attributesOf = (list: KeyValues = []): Record<string, unknown> =>
  Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]))

const plain = ({ stringValue, boolValue, intValue, doubleValue, arrayValue }: AnyValue): unknown =>
  arrayValue?.values?.map(plain) ?? stringValue ?? (boolValue === undefined ? Number(intValue ?? doubleValue) : Boolean(Number(boolValue)))

/** Reads a message of Protocol Buffers. Skips the members that are not declared. */
function readMessage (bytes: Buffer, message: Message): object {
  const result: Record<string, unknown> = {}
  let position = 0
  const varint = (): bigint => {
    for (let read = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[position++] ?? 0
      read |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return read
    }
  }
  const take = (length: number): Buffer => bytes.subarray(position, position += length)
  const readers: Readonly<Record<number, () => bigint | Buffer>> = {
    0: varint,
    1: () => take(8).readBigUInt64LE(),
    2: () => take(Number(varint())),
    5: () => BigInt(take(4).readUInt32LE())
  }
  while (position < bytes.length) {
    const tag = Number(varint())
    const found = readers[tag & 7]?.()
    const [name, type] = message[tag >> 3] ?? []
    if (found === undefined) throw new TypeError(`no wire type ${tag & 7}`)
    if (name === undefined || type === undefined) continue
    if (typeof found === 'bigint') result[name] = found.toString()
    else if (type === 'text') result[name] = found.toString()
    else if (type === 'hex') result[name] = found.toString('hex')
    else if (typeof type === 'object' && single.has(name)) result[name] = readMessage(found, type)
    else if (typeof type === 'object') result[name] = [...(result[name] as object[] | undefined) ?? [], readMessage(found, type)]
  }
  return result
}
