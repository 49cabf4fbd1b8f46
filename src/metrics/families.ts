import { getOrCreate } from '#src/collections/get-or-create'

/** One line of a metric: a value, and the labels that distinguish it from the metric's other lines. */
export interface Sample {
  /** The suffix of the metric's name on this line, such as `_bucket`. */
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A metric with all of its samples. Its name, help and type follow Prometheus's conventions. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Returns the current samples. Called at each scrape. */
  readonly samples: () => Iterable<Sample>
}

/** The name and the help of a metric, and the names of its labels. */
export interface Declaration<Labels extends readonly string[]> {
  readonly name: string
  readonly help: string
  readonly labels: Labels
}

/** The values of a metric's labels, in the order of the declaration. */
type LabelValues<Labels extends readonly string[]> = { readonly [Position in keyof Labels]: string } & readonly string[]

/** Counts events. */
export interface Counter<Labels extends readonly string[]> extends Family {
  /** Adds to the count of these label values. @param by the number of events; 1 if omitted */
  readonly add: (values: LabelValues<Labels>, by?: number) => void
}

/** Counts measured values in buckets. */
export interface Histogram<Labels extends readonly string[]> extends Family {
  readonly observe: (values: LabelValues<Labels>, value: number) => void
}

interface Counted {
  readonly labels: Readonly<Record<string, string>>
  count: number
}

interface Observed extends Counted {
  /**
   * The number of values in each bucket. A value counts only in the first bucket that it fits in. The last bucket has no upper
   * bound.
   */
  readonly buckets: number[]
  sum: number
}

const labelsOf = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))

/** Returns a unique key for the values of a metric's labels. No value contains a line feed, so line feeds separate the values. */
const keyOf = (values: readonly string[]): string => values.length === 1 ? values[0] ?? '' : values.join('\n')

/** Creates a counter. All label values must come from bounded sets, because each combination of values has a sample. */
export function createCounter<const Labels extends readonly string[]> (
  { name, help, labels }: Declaration<Labels>
): Counter<Labels> {
  const counts = new Map<string, Counted>()
  return {
    name,
    help,
    type: 'counter',
    add (values, by = 1) {
      getOrCreate(counts, keyOf(values), (): Counted => ({ labels: labelsOf(labels, values), count: 0 })).count += by
    },
    * samples () {
      for (const { labels, count } of counts.values()) yield { labels, value: count }
    }
  }
}

/**
 * Creates a histogram. All label values must come from bounded sets.
 *
 * @param bounds the upper bounds of the buckets, in ascending order, without infinity
 */
export function createHistogram<const Labels extends readonly string[]> (
  { name, help, labels }: Declaration<Labels>, bounds: readonly number[]
): Histogram<Labels> {
  const all = new Map<string, Observed>()
  const bucketOf = (value: number): number => {
    const index = bounds.findIndex((bound) => value <= bound)
    return index < 0 ? bounds.length : index
  }
  return {
    name,
    help,
    type: 'histogram',
    observe (values, value) {
      const observed = getOrCreate(all, keyOf(values), (): Observed => ({
        labels: labelsOf(labels, values), count: 0, sum: 0, buckets: new Array<number>(bounds.length + 1).fill(0)
      }))
      const bucket = bucketOf(value)
      observed.buckets[bucket] = (observed.buckets[bucket] ?? 0) + 1
      observed.count += 1
      observed.sum += value
    },
    * samples () {
      for (const { labels, buckets, count, sum } of all.values()) {
        let below = 0
        for (const [index, bound] of [...bounds, Infinity].entries()) {
          below += buckets[index] ?? 0
          yield { suffix: '_bucket', labels: { ...labels, le: numberText(bound) }, value: below }
        }
        yield { suffix: '_sum', labels, value: sum }
        yield { suffix: '_count', labels, value: count }
      }
    }
  }
}

/** Formats a number in Prometheus's notation. */
export const numberText = (value: number): string => value === Infinity ? '+Inf' : String(value)
