import type { Fault, Stage } from './fault.ts'
import type { Call, Promised, Row } from './row.ts'

/** The rows of one test file, whose faults are of the same kind. */
export interface Group {
  readonly title: string
  /** The time limit of a call to Secrets Manager or STS in the rows that end at the deadline, in seconds. */
  readonly deadlineSeconds?: number
  /** The service that the gateway calls over TLS. */
  readonly tls?: 'secretsManager' | 'sts'
  readonly rows: readonly Row[]
}

const always = Infinity

const row = (call: Call, what: string, fault: Fault, promise: Promised, times = always): Row => ({ what, fault, times, call, promise })

/** A read and a write with the same fault. */
const both = (what: string, fault: Fault, read: Promised, write: Promised, times = always): Row[] =>
  [row('read', what, fault, read, times), row('write', what, fault, write, times)]

const calls = ['AssumeRole', 'GetCallerIdentity'] as const

const aws = 'application/x-amz-json-1.1'
const exception = (type: string, status = 400, headers: Record<string, string> = {}): Fault =>
  ({ kind: 'reply', status, headers: { 'content-type': aws, ...headers }, body: JSON.stringify({ __type: type, message: 'No.' }) })

/** Returns an error in STS's format. */
const stsError = (code: string, status: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'reply',
  status,
  headers: { 'content-type': 'text/xml', ...headers },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`
})

const html = (status: number, headers: Record<string, string> = {}): Fault =>
  ({ kind: 'reply', status, headers: { 'content-type': 'text/html', ...headers }, body: `<html><body>${status}</body></html>` })

const unavailable = { status: 502, code: 'aws-unavailable', retryAfter: 5, attempts: 3 } as const
const timedOut = { status: 504, code: 'aws-timeout', cause: 'timed-out', retryAfter: 5, attempts: 1, atDeadline: true } as const
const throttled = { status: 503, code: 'aws-throttled', retryAfter: 2, attempts: 3 } as const

const onlyRead = { effect: 'only-read' } as const
const notDone = { effect: 'not-done' } as const
const unknown = { effect: 'unknown' } as const
const failed = { ...unavailable, cause: 'failed' } as const
const unreadable = { ...unavailable, cause: 'unreadable', attempts: 1 } as const
const brokenOff = { ...unavailable, cause: 'broken-off' } as const
const unreachable = { ...unavailable, cause: 'unreachable', ...notDone } as const
const unconnected = { ...unreachable, status: 504, code: 'aws-timeout' } as const

const throttling: Group = {
  title: 'AWS throttles',
  rows: [
    ...both('AWS throttles the first attempt', exception('ThrottlingException'),
      { status: 200, attempts: 2 }, { status: 200, attempts: 2, isWritten: true }, 1),
    ...both('AWS throttles every attempt', exception('ThrottlingException'), throttled, throttled),
    ...both('AWS throttles with `Retry-After: 30`', exception('ThrottlingException', 400, { 'retry-after': '30' }),
      { ...throttled, retryAfter: 30, attempts: 1 }, { ...throttled, retryAfter: 30, attempts: 1 }),
    ...both('A proxy answers 429 in HTML with `Retry-After: 30`', html(429, { 'retry-after': '30' }),
      { ...unreadable, ...notDone, retryAfter: 30 }, { ...unreadable, ...notDone, retryAfter: 30 }),
    ...calls.map((call) => row(call, 'STS throttles the first attempt', stsError('Throttling', 400), { status: 200, attempts: 2 }, 1))
  ]
}

const errors: Group = {
  title: 'AWS or a proxy answers with an error',
  rows: [
    ...both('AWS answers 500 once', exception('InternalServiceError', 500),
      { status: 200, attempts: 2 }, { status: 200, attempts: 2, isWritten: true }, 1),
    ...both('AWS always answers 500', exception('InternalServiceError', 500), { ...failed, ...onlyRead }, { ...failed, ...unknown }),
    ...both('AWS answers 503 with `Retry-After: 30`', exception('ServiceUnavailable', 503, { 'retry-after': '30' }),
      { ...failed, ...onlyRead, retryAfter: 30, attempts: 1 }, { ...failed, ...unknown, retryAfter: 30, attempts: 1 }),
    ...[500, 502, 503, 504].flatMap((status) => both(`A proxy answers ${status} in HTML`, html(status),
      { ...failed, ...onlyRead }, { ...failed, ...unknown })),
    ...[301, 400, 403, 404, 407].flatMap((status) => both(`A proxy answers ${status} in HTML`, html(status),
      { ...unreadable, ...notDone }, { ...unreadable, ...notDone })),
    row('read', 'AWS refuses the access key', exception('UnrecognizedClientException'), { status: 502, code: 'credential-invalid', attempts: 1 })
  ]
}

const bodies: Group = {
  title: 'The reply of AWS is not what it should be',
  rows: [
    ...both('Half of the JSON is missing', { kind: 'body', of: (body) => body.slice(0, body.length / 2) },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The body is empty', { kind: 'body', of: () => '' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The body is `{}`', { kind: 'body', of: () => '{}' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The body is `null`', { kind: 'body', of: () => 'null' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The body is an array', { kind: 'body', of: () => '[1]' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The members have the wrong types', { kind: 'body', of: () => '{"ARN":{},"Name":[],"VersionId":1,"SecretString":{},"CreatedDate":"x"}' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The body is HTML', { kind: 'body', of: () => '<html></html>' },
      { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown, isWritten: true }),
    ...both('The answer is not HTTP', { kind: 'garbage' }, { ...unreadable, ...onlyRead }, { ...unreadable, ...unknown })
  ]
}

/** The point at which a connection ends, in words, and whether AWS then carries out a write, keyed by stage. */
const ended: Readonly<Record<Stage, { when: string, isWritten: boolean }>> = {
  begun: { when: 'while the request is sent', isWritten: false },
  asked: { when: 'after the request', isWritten: true },
  head: { when: 'in the middle of the reply\'s head', isWritten: true },
  body: { when: 'in the middle of the reply\'s body', isWritten: true }
}

const stages = Object.keys(ended) as Stage[]

const connections: Group = {
  title: 'The connection to AWS breaks off',
  rows: [
    ...(['reset', 'closed'] as const).flatMap((kind) => stages.flatMap((stage) => both(`The connection is ${kind} ${ended[stage].when}`,
      { kind, stage }, { ...brokenOff, ...onlyRead }, { ...brokenOff, ...unknown, isWritten: ended[stage].isWritten }))),
    ...(['begun', 'asked', 'body'] as const).flatMap((stage) => both(`The connection is reset once ${ended[stage].when}`,
      { kind: 'reset', stage }, { status: 200, attempts: 2 }, { status: 200, attempts: 2, isWritten: true }, 1)),
    row('read before a write', 'The connection is reset after the request', { kind: 'reset', stage: 'asked' }, { ...brokenOff, ...onlyRead }),
    ...both('Nothing listens on AWS\'s port', { kind: 'refused' }, unreachable, unreachable),
    ...both('All packets to AWS are lost', { kind: 'dropped' }, unconnected, unconnected),
    ...both('AWS\'s host name does not resolve', { kind: 'unresolved' }, unreachable, unreachable)
  ]
}

const stalls: Group = {
  title: 'AWS does not answer in time',
  deadlineSeconds: 0.4,
  rows: [
    row('read before a write', 'Nothing more arrives after the request', { kind: 'stall', stage: 'asked' }, { ...timedOut, ...onlyRead }),
    ...stages.flatMap((stage) => both(`Nothing more arrives ${ended[stage].when}`,
      { kind: 'stall', stage }, { ...timedOut, ...onlyRead }, { ...timedOut, ...unknown, isWritten: ended[stage].isWritten })),
    ...(['head', 'body'] as const).flatMap((stage) => both(`From the middle of the reply's ${stage} on, it arrives byte by byte`,
      { kind: 'drip', stage }, { ...timedOut, ...onlyRead }, { ...timedOut, ...unknown, isWritten: true }))
  ]
}

const wrongCertificates = [
  ['another-host', 'is for another host'],
  ['expired', 'has expired'],
  ['unknown-authority', 'is from an unknown authority']
] as const

const refusedCertificate = { ...unreachable, attempts: 1 } as const

const certificates: Group = {
  title: 'TLS fails',
  deadlineSeconds: 1,
  tls: 'secretsManager',
  rows: [
    ...wrongCertificates.flatMap(([certificate, what]) =>
      both(`AWS's certificate ${what}`, { kind: 'certificate', certificate }, refusedCertificate, refusedCertificate)),
    ...both('AWS\'s port does not speak TLS', { kind: 'plain' }, refusedCertificate, refusedCertificate),
    ...both('The connection is closed in the TLS handshake', { kind: 'closed', stage: 'begun' }, unreachable, unreachable),
    // Node.js reports a reset during the handshake like a later reset, so the gateway can't know that AWS has not received the
    // request.
    ...both('The connection is reset in the TLS handshake', { kind: 'reset', stage: 'begun' },
      { ...brokenOff, ...onlyRead }, { ...brokenOff, ...unknown }),
    ...both('Nothing arrives in the TLS handshake', { kind: 'stall', stage: 'begun' },
      { ...timedOut, ...onlyRead }, { ...timedOut, ...unknown })
  ]
}

const noKeys = { ...unavailable, cause: 'keys-unavailable', ...notDone, pause: 5 } as const
const noKeysInTime = { ...noKeys, status: 504, code: 'aws-timeout', attempts: 1, atDeadline: true } as const
const denied = { status: 502, code: 'credential-invalid', attempts: 1, pause: 5 } as const

const sts: Group = {
  title: 'AWS STS fails',
  deadlineSeconds: 0.6,
  rows: [
    ...calls.flatMap((call): Row[] => [
      row(call, 'STS answers 500 once', html(500), { status: 200, attempts: 2 }, 1),
      row(call, 'STS always answers 500', html(500), noKeys),
      row(call, 'STS denies the call', stsError('AccessDenied', 403), denied),
      row(call, 'STS throttles every attempt', stsError('Throttling', 400), { ...throttled, retryAfter: 5, pause: 5 }),
      row(call, 'STS throttles with `Retry-After: 30`', stsError('Throttling', 400, { 'retry-after': '30' }),
        { ...throttled, retryAfter: 30, attempts: 1, pause: 5 }),
      row(call, 'A proxy answers 429 in HTML with `Retry-After: 30`', html(429, { 'retry-after': '30' }),
        { ...noKeys, retryAfter: 30, attempts: 1 }),
      row(call, 'A proxy answers 503 in HTML', html(503), noKeys),
      ...[400, 403, 407].map((status) => row(call, `A proxy answers ${status} in HTML`, html(status), { ...noKeys, attempts: 1 })),
      ...(['reset', 'closed'] as const).flatMap((kind) => stages.map((stage) =>
        row(call, `The connection is ${kind} ${ended[stage].when}`, { kind, stage }, noKeys))),
      row(call, 'Nothing listens on the port of STS', { kind: 'refused' }, noKeys),
      row(call, 'The host name of STS does not resolve', { kind: 'unresolved' }, noKeys),
      ...stages.map((stage) => row(call, `Nothing more arrives ${ended[stage].when}`, { kind: 'stall', stage }, noKeysInTime)),
      ...(['head', 'body'] as const).map((stage) =>
        row(call, `From the middle of the reply's ${stage} on, it arrives byte by byte`, { kind: 'drip', stage }, noKeysInTime)),
      row(call, 'Half of the XML is missing', { kind: 'body', of: (body) => body.slice(0, body.length / 2) }, { ...noKeys, attempts: 1 }),
      row(call, 'The body is empty', { kind: 'body', of: () => '' }, { ...noKeys, attempts: 1 }),
      row(call, 'The body is HTML', { kind: 'body', of: () => '<html></html>' }, { ...noKeys, attempts: 1 })
    ]),
    row('AssumeRole', 'All packets to STS are lost', { kind: 'dropped' }, noKeysInTime)
  ]
}

const chains: Group = {
  title: 'AWS STS fails in a chain of roles',
  deadlineSeconds: 0.6,
  rows: ([['first AssumeRole', 0], ['second AssumeRole', 1]] as const).flatMap(([call, spared]): Row[] => [
    row(call, 'STS answers 500 once', html(500), { status: 200, attempts: call === 'first AssumeRole' ? 3 : 2 }, 1),
    row(call, 'STS denies the call', stsError('AccessDenied', 403), denied),
    row(call, 'STS always answers 500', html(500), noKeys),
    row(call, 'The connection is reset after the request', { kind: 'reset', stage: 'asked' }, noKeys),
    row(call, 'Nothing arrives after the request', { kind: 'stall', stage: 'asked' }, noKeysInTime),
    row(call, 'Nothing more arrives in the middle of the reply\'s body', { kind: 'stall', stage: 'body' }, noKeysInTime),
    row(call, 'The reply\'s body arrives byte by byte', { kind: 'drip', stage: 'body' }, noKeysInTime),
    row(call, 'The body is empty', { kind: 'body', of: () => '' }, { ...noKeys, attempts: 1 })
  ].map((one) => ({ ...one, spared })))
}

const stsCertificates: Group = {
  title: 'TLS with AWS STS fails',
  deadlineSeconds: 0.6,
  tls: 'sts',
  rows: calls.flatMap((call): Row[] => [
    ...wrongCertificates.map(([certificate, what]) => row(call, `The certificate of STS ${what}`, { kind: 'certificate', certificate }, { ...noKeys, attempts: 1 })),
    row(call, 'The port of STS does not speak TLS', { kind: 'plain' }, { ...noKeys, attempts: 1 }),
    row(call, 'The connection is closed in the TLS handshake', { kind: 'closed', stage: 'begun' }, noKeys),
    row(call, 'The connection is reset in the TLS handshake', { kind: 'reset', stage: 'begun' }, noKeys),
    row(call, 'Nothing arrives in the TLS handshake', { kind: 'stall', stage: 'begun' }, noKeysInTime)
  ])
}

/** All faults that the tests plant. `docs/reliability.md` is generated from this table. */
export const groups = {
  throttling, errors, bodies, connections, stalls, certificates, sts, chains, stsCertificates
} as const satisfies Record<string, Group>
