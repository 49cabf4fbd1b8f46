import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { Family, Sample } from './families.ts'

/** The resolution of the measurement of the event loop's delay, in milliseconds. */
const resolution = 10

const one = (value: number): readonly Sample[] => [{ labels: {}, value }]

/** Metrics about the process. They have the names that other exporters for Node.js use, so existing dashboards work. */
export interface ProcessMetrics {
  readonly families: readonly Family[]
  /** Ends the measurements. */
  readonly stop: () => void
}

/** Starts measuring the event loop and the garbage collector. */
export function measureProcess (): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  let collecting = 0
  const collector = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collecting += duration / 1_000
  })
  collector.observe({ entryTypes: ['gc'] })
  const started = Date.now() / 1_000 - process.uptime()

  const families: readonly Family[] = [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time that the process has used.',
      type: 'counter',
      samples () {
        const { user, system } = process.cpuUsage()
        return one((user + system) / 1_000_000)
      }
    },
    { name: 'process_start_time_seconds', help: 'Start time of the process, in seconds since the epoch.', type: 'gauge', samples: () => one(started) },
    { name: 'process_resident_memory_bytes', help: 'Resident memory of the process.', type: 'gauge', samples: () => one(process.memoryUsage.rss()) },
    { name: 'nodejs_heap_size_used_bytes', help: 'Memory used in the heap.', type: 'gauge', samples: () => one(process.memoryUsage().heapUsed) },
    { name: 'nodejs_external_memory_bytes', help: 'Memory outside the heap, such as buffers.', type: 'gauge', samples: () => one(process.memoryUsage().external) },
    { name: 'nodejs_gc_seconds_total', help: 'Time spent on garbage collection.', type: 'counter', samples: () => one(collecting) },
    {
      name: 'nodejs_eventloop_delay_seconds',
      help: 'Delay of the event loop since the last scrape.',
      type: 'gauge',
      samples () {
        const samples = [['0.5', delay.percentile(50)], ['0.99', delay.percentile(99)], ['1', delay.max]] as const
        delay.reset()
        return samples.map(([quantile, nanoseconds]) => ({ labels: { quantile }, value: nanoseconds / 1_000_000_000 }))
      }
    }
  ]
  return {
    families,
    stop () {
      delay.disable()
      collector.disconnect()
    }
  }
}
