import pMap from 'p-map'
import { getOrCreate } from '#src/collections/get-or-create'
import { isSecretName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { Problem } from '#src/problems/problem'
import { permittedFound } from '#src/secrets/permitted'
import type { Scope } from '#src/secrets/scope'
import { countUnaddressable } from '#src/secrets/unaddressable'
import { fingerprints } from './fingerprints.ts'
import type { ConsistencyState } from './schemas.ts'
import { secretStates, type SecretStates } from './states.ts'

/** The state of one secret name in one environment. */
export interface Cell {
  state: ConsistencyState
  required: boolean
  /** Two cells of a row have equal values if they have the same number. Absent if the value was not compared. */
  group?: number
  /** The reason why the value could not be read for the comparison. */
  problem?: Problem
}

/** A secret name, and its state in each environment where the caller is allowed to see it. */
export interface Row {
  name: SecretName
  cells: Map<Scope, Cell>
  /**
   * True if the states differ, or if the caller is allowed to see only some of them. If values are compared, also true if two
   * values differ, or if a value could not be compared.
   */
  differs: boolean
}

/** The comparison of several environments. */
export interface Comparison {
  rows: Row[]
  /**
   * The number of secrets that are left out because the gateway can't address them, by environment. Only secrets that the caller
   * may see are counted. An environment without such secrets is absent.
   */
  unaddressable: Map<Scope, number>
}

interface Options {
  namePrefix?: string
  compareValues?: boolean
}

/** A secret whose value was compared or could not be read, for the audit trail. */
export interface ComparedSecret {
  environment: string
  credential: string
  name: SecretName
  action: 'CompareValues'
  problem?: Problem
}

/** Returns the secrets whose values were compared or could not be read, for the audit trail. */
export const comparedSecrets = (rows: readonly Row[]): ComparedSecret[] => rows.flatMap(({ name, cells }) =>
  [...cells].filter(([, { group, problem }]) => group !== undefined || problem !== undefined)
    .map(([{ environment, credentialId }, { problem }]) =>
      compact({ environment: environment.name, credential: credentialId, name, action: 'CompareValues' as const, problem })))

/** The maximum number of environments that are listed at the same time. */
const concurrentEnvironments = 3

/**
 * Compares the secrets of environments by name. Reports which secrets each environment has, and which it lacks. With
 * `compareValues`, also reports which environments have equal values.
 *
 * @throws Problem for any AWS error
 */
export async function compareEnvironments (scopes: readonly Scope[], options: Options): Promise<Comparison> {
  const { namePrefix, compareValues = false } = options
  const surveys = await pMap(scopes, (scope) => survey(scope, namePrefix), { concurrency: concurrentEnvironments })
  const names = [...new Set(surveys.flatMap(({ visible }) => [...visible]))].sort()
  const rows = names.map((name): Row => ({ name, cells: new Map(), differs: false }))
  for (const { scope, states, required, visible } of surveys) {
    // These names were found in other environments. If the caller is allowed to see such a name in this environment, it is shown
    // as missing. Otherwise it is not shown.
    const others = await permittedFound(scope, 'DescribeSecret', names.filter((name) => !visible.has(name)))
    for (const { name, cells } of rows) {
      if (!visible.has(name) && !others.has(name)) continue
      cells.set(scope, { state: shown(states.get(name)), required: required.has(name) })
    }
  }
  if (compareValues) await group(scopes, rows)
  for (const row of rows) row.differs = differ(scopes.map((scope) => row.cells.get(scope)), compareValues)
  const unaddressable = new Map<Scope, number>()
  for (const survey of surveys) if (survey.unaddressable !== undefined) unaddressable.set(survey.scope, survey.unaddressable)
  return { rows, unaddressable }
}

function differ (cells: readonly (Cell | undefined)[], compareValues: boolean): boolean {
  const states = new Set(cells.map((cell) => cell?.state))
  if (states.size > 1 || !states.has('present') || !compareValues || cells.length === 1) return states.size > 1
  const groups = new Set(cells.map((cell) => cell?.group))
  return groups.size > 1 || groups.has(undefined)
}

interface Survey {
  scope: Scope
  states: SecretStates['states']
  /**
   * The number of secrets that are left out because the gateway can't address them. Only secrets that the caller may see are
   * counted. Undefined if there are none.
   */
  unaddressable: number | undefined
  required: ReadonlySet<SecretName>
  /** The names that the environment has or requires, and that the caller is allowed to see in it. */
  visible: ReadonlySet<SecretName>
}

async function survey (scope: Scope, namePrefix = ''): Promise<Survey> {
  const required = new Set(scope.environment.requiredSecrets.filter(isSecretName).filter((name) => name.startsWith(namePrefix)))
  const { states, unaddressable } = await secretStates(scope, namePrefix, required)
  const visible = await permittedFound(scope, 'DescribeSecret', [...new Set([...states.keys(), ...required])])
  const count = await countUnaddressable(scope, ['DescribeSecret'], [...unaddressable.keys()])
  return { scope, states, unaddressable: count, required, visible }
}

const shown = (state: 'active' | 'placeholder' | 'pending-deletion' | undefined): ConsistencyState =>
  state === undefined ? 'missing' : state === 'active' ? 'present' : state

/** Groups the cells of each row by the secret's value. A value is read only if the row has another value to compare it with. */
async function group (scopes: readonly Scope[], rows: readonly Row[]): Promise<void> {
  const comparable = new Map<Scope, Set<SecretName>>()
  for (const scope of scopes) {
    const present = rows.filter(({ cells }) => cells.get(scope)?.state === 'present').map(({ name }) => name)
    comparable.set(scope, await permittedFound(scope, 'CompareValues', present))
  }
  const compared = rows.map((row) => ({ ...row, in: scopes.filter((scope) => comparable.get(scope)?.has(row.name)) }))
    .filter((row) => row.in.length > 1)
  const found = await fingerprints(scopes.map((scope) =>
    ({ scope, names: compared.filter((row) => row.in.includes(scope)).map(({ name }) => name) })))

  for (const { name, cells, in: environments } of compared) {
    const groups = new Map<string, number>()
    for (const scope of environments) {
      const fingerprint = found.get(scope)?.get(name)
      const cell = cells.get(scope)
      if (fingerprint === undefined || cell === undefined) continue
      if (typeof fingerprint !== 'string') {
        cell.problem = fingerprint
        continue
      }
      cell.group = getOrCreate(groups, fingerprint, () => groups.size + 1)
    }
  }
}
