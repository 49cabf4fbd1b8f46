/**
 * Situations that callers, clocks or many simultaneous requests cause, each with the gateway's promise in words. Each situation
 * has a test in this folder. `docs/reliability.md` is generated from this table, too.
 */
export const situations = {
  breaker: {
    what: 'AWS has not answered five calls in a row',
    promise: 'Further requests are refused at once with 502 `aws-unavailable` and `Retry-After`, and AWS is not called. After the ' +
      'pause, one request is let through. If AWS answers it, all requests are served again.'
  },
  overload: {
    what: 'There are many more reads than AWS can answer in time',
    promise: 'Each is answered: with 200, or with 503 `overloaded` and `Retry-After`. None ends with 504. Afterwards, the next read works.'
  },
  'kept connection': {
    what: 'AWS closes a connection that the gateway has kept for further calls',
    promise: 'The call is repeated on a new connection. The caller does not notice it.'
  },
  'silent connection': {
    what: 'A connection that the gateway has kept for further calls goes silent, as if all its packets were lost',
    promise: 'The call on it ends with 504 `aws-timeout` at its deadline. The connection is closed, and the next call has a new one. ' +
      'If the connection is idle for some ten seconds, the operating system detects the silence before the next call.'
  },
  'read hung up': {
    what: 'The caller closes the connection during a read',
    promise: 'The call to AWS is aborted, and its slot is free again. The audit trail has the status 499, with `caller-gone`.'
  },
  'waiting read hung up': {
    what: 'The caller closes the connection while its read waits in the queue',
    promise: 'The read leaves the queue, and AWS is not called.'
  },
  'waiting write hung up': {
    what: 'The caller closes the connection while its write waits in the queue',
    promise: 'The write leaves the queue, and AWS is not called. The audit trail has the status 499, with `caller-gone`.'
  },
  'write hung up': {
    what: 'The caller closes the connection while AWS carries out its write',
    promise: 'The write is carried out to the end. The audit trail has its outcome, with the version.'
  },
  'clock set back': {
    what: 'The host\'s clock is set back by an hour',
    promise: 'A limit on requests does not last longer: `Retry-After` is at most the length of the window.'
  },
  'clock set ahead': {
    what: 'The host\'s clock is set ahead by two hours',
    promise: 'Requests work, and each session of a role is renewed at most once.'
  },
  'shared state hangs': {
    what: 'The Redis of several replicas accepts commands and does not answer',
    promise: 'Reads and writes go on. A request waits for it for `shared.timeoutMilliseconds` at most, and only the first ones do. Each ' +
      'replica allows its share of the limits and of AWS\'s quotas. Logins with an AWS identity, requests about jobs, and bulk creates and ' +
      'promotions with an `Idempotency-Key` are answered with 503 `shared-state-unavailable`.'
  },
  'shared state gone': {
    what: 'The Redis of several replicas can\'t be reached',
    promise: 'The same, and no request waits. A write through one replica is seen by the others when the time to live of what they have cached ends.'
  },
  'shared state back': {
    what: 'The Redis of several replicas can be reached again',
    promise: 'Each replica empties its cache once. Within some seconds, the replicas have common limits and quotas again.'
  }
} as const satisfies Record<string, { what: string, promise: string }>

export type Situation = keyof typeof situations
