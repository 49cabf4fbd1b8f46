/**
 * Compares `src/aws-model/shapes.ts` with AWS's published model of Secrets Manager (botocore's `service-2.json`).
 *
 *     node scripts/check-aws-model.ts PATH/TO/service-2.json
 *
 * Prints every difference, and exits with 1 if there are any.
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

/** Omits `bytes`, which AWS's model does not have. */
const localShape = (shape: Shape): object => ({ ...shape, bytes: undefined })

/** Selects the properties that the local model has. */
const publishedShape = (shape: PublishedShape): object => ({
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

/** Returns the names of all shapes that the operations' inputs refer to, directly or indirectly. */
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
  const compare = (name: string, local: Shape | undefined, published: PublishedShape | undefined): void => {
    const left = local && defined(localShape(local))
    const right = published && defined(publishedShape(published))
    if (!isDeepStrictEqual(left, right)) found.push(`${name}: local ${JSON.stringify(left)}, AWS ${JSON.stringify(right)}`)
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
if (path === undefined) throw new TypeError('Specify the model: node scripts/check-aws-model.ts service-2.json')
const found = differences(JSON.parse(await readFile(path, 'utf8')) as PublishedModel)
for (const difference of found) console.error(difference)
console.log(`${Object.keys(operations).length} operations and ${Object.keys(shapes).length} shapes compared, ${found.length} differences`)
process.exitCode = found.length === 0 ? 0 : 1
