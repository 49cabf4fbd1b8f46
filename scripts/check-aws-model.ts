/**
 * Holds `src/aws-model/shapes.ts` against AWS's published model of Secrets Manager (botocore's `service-2.json`).
 *
 *     node scripts/check-aws-model.ts PATH/TO/service-2.json
 *
 * Prints each difference and exits with 1 where there is one.
 */
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { operations, shapes, type Shape, type StructureShape } from '#src/aws-model/shapes'

interface PublishedShape {
  type: string
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  sensitive?: boolean
  required?: string[]
  member?: { shape: string }
  members?: Record<string, { shape: string }>
}

interface PublishedModel {
  operations: Record<string, { input: { shape: string } }>
  shapes: Record<string, PublishedShape>
}

const ours = (shape: Shape): object => ({ ...shape, bytes: undefined })

const theirs = (shape: PublishedShape): object => ({
  type: shape.type,
  min: shape.min,
  max: shape.max,
  pattern: shape.pattern,
  enum: shape.enum,
  sensitive: shape.sensitive,
  required: shape.required,
  member: shape.member?.shape,
  members: shape.members && Object.fromEntries(Object.entries(shape.members).map(([name, { shape }]) => [name, shape]))
})

const defined = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

function reachable (from: readonly StructureShape[]): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    const shape: Shape | undefined = (shapes as Record<string, Shape>)[name]
    if (shape?.type === 'list') visit(shape.member)
    if (shape?.type === 'structure') Object.values(shape.members).forEach(visit)
  }
  for (const shape of from) Object.values(shape.members).forEach(visit)
  return found
}

function differences (model: PublishedModel): string[] {
  const found: string[] = []
  const compare = (name: string, mine: Shape | undefined, published: PublishedShape | undefined): void => {
    const left = mine && defined(ours(mine))
    const right = published && defined(theirs(published))
    if (!isDeepStrictEqual(left, right)) found.push(`${name}: ours ${JSON.stringify(left)}, AWS's ${JSON.stringify(right)}`)
  }
  for (const name of new Set([...Object.keys(operations), ...Object.keys(model.operations)])) {
    const published = model.operations[name]
    compare(name, (operations as Record<string, Shape>)[name], published && model.shapes[published.input.shape])
  }
  for (const name of new Set([...Object.keys(shapes), ...reachable(Object.values(operations))])) {
    compare(name, (shapes as Record<string, Shape>)[name], model.shapes[name])
  }
  return found
}

const [path] = process.argv.slice(2)
if (path === undefined) throw new TypeError('Name the model: node scripts/check-aws-model.ts service-2.json')
const found = differences(JSON.parse(await readFile(path, 'utf8')) as PublishedModel)
for (const difference of found) console.error(difference)
console.log(`${Object.keys(operations).length} operations and ${Object.keys(shapes).length} shapes compared, ${found.length} differences`)
process.exitCode = found.length === 0 ? 0 : 1
