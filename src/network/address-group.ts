import { isIPv6 } from 'node:net'

/**
 * The number of leading hextets of an IPv6 address that identify a network. A client can usually use any address in its network.
 */
const networkHextets = 4

/** Returns the group of addresses that share a limit with an address: the address alone or, for IPv6, its /64 network. */
export function addressGroup (address: string): string {
  if (!isIPv6(address)) return address
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  const [head = '', tail = ''] = address.split('::')
  const [first, last] = [head, tail].map((part) => part === '' ? [] : part.split(':')) as [string[], string[]]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].slice(0, networkHextets).join(':')
}
