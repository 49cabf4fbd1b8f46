import pMap from 'p-map'
import type { CalledService } from '#src/aws/destination'
import type { Probe } from '#src/aws/probe'
import type { Clocks, Finding } from './findings.ts'
import { reach, type Reached, type Step, type Unreached } from './reach.ts'

/** A service that is called with a credential. */
export interface Called {
  readonly service: CalledService
  readonly credentialId: string
  readonly region: string
  /** The caller, such as `prod`. */
  readonly by: string
}

/** An endpoint of AWS, and the calls that go to it. */
export interface Endpoint {
  readonly origin: string
  readonly calls: readonly Called[]
}

/** The time limit for reaching an endpoint, in milliseconds. */
const limit = 5_000

/** The report for each step that can fail: the error, and the next step for the user. */
const failures: Readonly<Record<Step, { says: string, next: string }>> = {
  name: {
    says: 'its name has no address',
    next: 'Check the DNS of this machine. A VPC without a way to the internet needs a VPC endpoint with private DNS for the service. FIPS endpoints exist in some regions only'
  },
  connection: {
    says: 'there is no connection',
    next: 'Allow TCP to it in security groups, network policies and firewalls. The gateway does not use HTTPS_PROXY for AWS: a private subnet needs a NAT gateway or a VPC endpoint'
  },
  tls: {
    says: 'there is no valid TLS',
    next: 'If a proxy inspects TLS here, exempt AWS from it, or name its authority with NODE_EXTRA_CA_CERTS'
  },
  reply: {
    says: 'there is no HTTP reply',
    next: 'Find out what listens there: it is not AWS'
  }
}

/** Finds the endpoints of services. If the SDK has no endpoint for a service, returns a failure for it. */
export async function locate (probe: Probe, calls: readonly Called[]): Promise<{ endpoints: Endpoint[], failures: Finding[] }> {
  const located = await pMap(calls, async (call) => {
    const { service, credentialId, region } = call
    const origin = probe.originOf(service, credentialId, region)
    return origin.then((origin) => ({ call, origin }), (error: unknown) => ({ call, error }))
  }, { concurrency: 4 })
  const found = located.filter((one) => 'origin' in one)
  return {
    endpoints: Array.from(Map.groupBy(found, ({ origin }) => origin), ([origin, group]) =>
      ({ origin, calls: group.map(({ call }) => call) })),
    failures: located.filter((one) => 'error' in one).map(({ call, error }) => ({
      status: 'failure',
      subject: usesOf([call]),
      check: 'endpoint',
      message: `The SDK finds no endpoint (${String(error)})`,
      next: 'Check the settings of endpoints, and AWS_ENDPOINT_URL, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT'
    }))
  }
}

/** Returns the purpose of an endpoint, such as `Secrets Manager of dev, prod`. */
const usesOf = (calls: readonly Called[]): string =>
  Array.from(Map.groupBy(calls, ({ service }) => service), ([service, group]) =>
    `${service} of ${[...new Set(group.map(({ by }) => by))].join(', ')}`).join('; ')

/** An endpoint, and the result of the attempt to reach it. */
export interface VisitedEndpoint extends Endpoint {
  readonly result: Reached | Unreached
}

/** Tries to reach an endpoint. */
export const visit = async (endpoint: Endpoint, clocks: Clocks): Promise<VisitedEndpoint> =>
  ({ ...endpoint, result: await reach(endpoint.origin, limit, clocks) })

export const isReached = (result: Reached | Unreached): result is Reached => !('failed' in result)

/** Reports whether an endpoint was reached and, if not, which step failed. */
export function endpointFinding ({ origin, calls, result }: VisitedEndpoint): Finding {
  const about = { subject: origin, check: 'endpoint' } as const
  const used = usesOf(calls)
  if (isReached(result)) return { ...about, status: 'ok', message: `${used}: replied after ${result.milliseconds} ms` }
  const { says, next } = failures[result.failed]
  return { ...about, status: 'failure', message: `${used}: ${says} (${result.reason})`, next }
}

/** The differences between the clocks, in milliseconds, that cause a warning, and that make AWS refuse signatures. */
export const differences = { noticeable: 10_000, refused: 5 * 60_000 }

/** Compares this machine's clock with the clock of the endpoint that replied first. */
export function clockFinding (visited: readonly VisitedEndpoint[]): Finding {
  const about = { subject: 'this machine', check: 'clock' } as const
  const dated = visited.flatMap(({ origin, result }) => isReached(result) && result.ahead !== undefined
    ? [{ origin, milliseconds: result.milliseconds, ahead: result.ahead }]
    : [])
  const [first] = dated.toSorted((one, other) => one.milliseconds - other.milliseconds)
  if (first === undefined) return { ...about, status: 'not-tried', message: 'No endpoint has replied with a date' }
  const difference = Math.abs(first.ahead)
  const message = difference < 1_000
    ? `The clock differs by less than a second from that of ${first.origin}`
    : `The clock is ${duration(difference)} ${first.ahead > 0 ? 'ahead of' : 'behind'} that of ${first.origin}`
  if (difference < differences.noticeable) return { ...about, status: 'ok', message }
  const next = 'Synchronize the clock, for example with chrony and the Amazon Time Sync Service'
  if (difference < differences.refused) return { ...about, status: 'warning', message, next }
  const consequences = 'AWS refuses signatures from five minutes on, and the gateway misjudges the expiry of tokens and keys'
  return { ...about, status: 'failure', message: `${message}. ${consequences}`, next }
}

/** Returns a span of time in words, in seconds or, from two minutes on, in minutes. */
function duration (milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  const [number, unit] = seconds < 120 ? [seconds, 'second'] : [Math.round(seconds / 60), 'minute']
  return `${number} ${unit}${number === 1 ? '' : 's'}`
}
