import { operations, type Operation } from '../aws-model.ts'

/** What the gateway can do that is no operation of AWS, or a sharper form of one. */
const ownActions = [
  /** See that an environment exists, and its settings. To whom this is denied, the environment does not exist. */
  'DescribeEnvironment',
  /** Delete without a recovery window. */
  'ForceDeleteSecret'
] as const

/** What a caller may be allowed to do: AWS's operations by their names, and the gateway's own. */
export type Action = Operation | (typeof ownActions)[number]

export const actions: ReadonlySet<string> = new Set([...Object.keys(operations), ...ownActions])
