import { setTimeout as delay } from 'node:timers/promises'
import type { FaultProxy } from '#test/faults/proxy'
import { groups, type Group } from '#test/faults/table'
import type { TestRedis } from '#test/redis'
import type { Replica } from './replica.ts'

/** A fault that is injected and, after some time, removed. */
export interface SoakFault {
  readonly what: string
  readonly happen: (milliseconds: number) => Promise<void>
}

/**
 * The faults of the fault table that a proxy without TLS can inject between the gateway and Secrets Manager. A failed name
 * resolution is left out, because only this process's resolver can be replaced, not those of the replicas.
 */
function faultsOfAws (proxy: FaultProxy): SoakFault[] {
  const rows = Object.values<Group>(groups).filter(({ tls }) => tls === undefined).flatMap((group) => group.rows)
    .filter(({ call, fault }) => (call === 'read' || call === 'write') && fault.kind !== 'unresolved')
  const byName = new Map(rows.map((row) => [row.what, row]))
  return Array.from(byName.values(), ({ what, fault, times }) => ({
    what,
    async happen (milliseconds) {
      await proxy.plant(fault, times)
      await delay(milliseconds)
      await proxy.lift()
    }
  }))
}

const faultsOfRedis = (redis: TestRedis): SoakFault[] => [
  {
    what: 'The shared server hangs',
    async happen (milliseconds) {
      redis.freeze()
      await delay(milliseconds)
      redis.thaw()
    }
  },
  {
    what: 'The shared server loses its data',
    async happen (milliseconds) {
      await redis.stop()
      await delay(milliseconds)
      await redis.start()
    }
  }
]

const faultsOfReplicas = (replicas: readonly Replica[]): SoakFault[] => replicas.flatMap((replica) => (['SIGKILL', 'SIGTERM'] as const).map((signal) => ({
  what: `${replica.name} is ended with ${signal}`,
  async happen () {
    await replica.end(signal)
    await replica.start()
  }
})))

/** Returns all faults. None of them ends the first replica, so its memory can be compared over the whole run. */
export const soakFaults = (proxy: FaultProxy, redis: TestRedis | undefined, fleet: readonly Replica[]): SoakFault[] =>
  [...faultsOfAws(proxy), ...redis === undefined ? [] : faultsOfRedis(redis), ...faultsOfReplicas(fleet.slice(1))]
