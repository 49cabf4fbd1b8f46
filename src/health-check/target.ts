import { isIPv6 } from 'node:net'
import { parseDocument } from 'yaml'

type Variables = Readonly<Record<string, string | undefined>>

/** Thrown if no listener can answer the probe. */
export class NoTarget extends Error {}

/**
 * Returns the URL that a probe in the same container requests. The probe has no client certificate, so if the gateway requires
 * one, the URL belongs to the metrics listener.
 *
 * @param yaml the configuration file; undefined in local mode
 * @throws NoTarget if the port is not known, or no listener answers a client without a certificate
 */
export function probeUrl ({ HOST = '127.0.0.1', PORT = '3000' }: Variables, yaml: string | undefined): string {
  const config = parseDocument(yaml ?? '')
  const text = (...path: readonly string[]): string | undefined => {
    const value: unknown = config.getIn(path)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
  }
  const isTls = config.hasIn(['server', 'tls'])
  const clients = ['server', 'tls', 'clientCertificates']
  if (!isTls || !config.hasIn(clients) || text(...clients, 'required') === 'false') return urlOf(isTls ? 'https' : 'http', HOST, PORT)
  const port = text('server', 'metrics', 'port')
  if (port === undefined) throw new NoTarget('Client certificates are required, so the health check needs the listener of server.metrics.')
  return urlOf('http', text('server', 'metrics', 'host') ?? '127.0.0.1', port)
}

function urlOf (scheme: string, host: string, port: string): string {
  if (port === '0') throw new NoTarget('The operating system chose the port, so the health check does not know it.')
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `${scheme}://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}/health/live`
}
