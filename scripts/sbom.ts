/**
 * Writes the software bill of materials of the production dependencies, in CycloneDX's format, with `npm sbom`:
 *
 *     npm run sbom [-- FILE]        # sbom.cdx.json by default
 *
 * Exits with 1 if it differs from package-lock.json, or if a package has a licence that is not on the list below.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { Ajv } from 'ajv'

const root = join(import.meta.dirname, '..')

/** The licences, by SPDX identifier, that production dependencies may have. At most, they require including their text. */
const allowed = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0'])

const Licence = Type.Object({
  license: Type.Optional(Type.Object({ id: Type.Optional(Type.String()), name: Type.Optional(Type.String()) })),
  expression: Type.Optional(Type.String())
})

const Component = Type.Object({
  'bom-ref': Type.String(),
  name: Type.String(),
  version: Type.String(),
  purl: Type.String(),
  hashes: Type.Optional(Type.Array(Type.Object({ alg: Type.String(), content: Type.String() }))),
  licenses: Type.Optional(Type.Array(Licence))
})

const Bom = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  metadata: Type.Object({ component: Type.Object({ 'bom-ref': Type.String(), name: Type.String() }) }),
  components: Type.Array(Component, { minItems: 1 }),
  dependencies: Type.Array(Type.Object({ ref: Type.String(), dependsOn: Type.Optional(Type.Array(Type.String())) }))
})

const Lock = Type.Object({
  packages: Type.Record(Type.String(), Type.Object({
    version: Type.Optional(Type.String()),
    integrity: Type.Optional(Type.String()),
    dev: Type.Optional(Type.Boolean()),
    devOptional: Type.Optional(Type.Boolean()),
    optional: Type.Optional(Type.Boolean())
  }))
})

function parse<T extends TSchema> (schema: T, text: string): Static<T> {
  const value: unknown = JSON.parse(text)
  const validate = new Ajv().compile<Static<T>>(schema)
  if (validate(value)) return value
  throw new Error(JSON.stringify(validate.errors))
}

/** Returns a package's name, version and SHA-512, which identify it. */
const line = (name: string, version: string, hash: string): string => `${name}@${version} ${hash}`

const lock = parse(Lock, readFileSync(join(root, 'package-lock.json'), 'utf8'))
const locked = new Set(Object.entries(lock.packages)
  .filter(([path, one]) => path !== '' && one.dev !== true && one.devOptional !== true && one.optional !== true)
  .map(([path, { version = '', integrity = '' }]) =>
    line(path.replace(/^.*node_modules\//, ''), version, Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'))))

// Not `--omit=dev`: npm would then also omit the packages that both production and development need.
const bom = parse(Bom, execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
  cwd: root, encoding: 'utf8', maxBuffer: 64 * 1_024 * 1_024
}))
const lineOf = ({ name, version, hashes = [] }: Static<typeof Component>): string =>
  line(name, version, hashes.find(({ alg }) => alg === 'SHA-512')?.content ?? '')
bom.components = bom.components.filter((component) => locked.has(lineOf(component)))
const kept = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((component) => component['bom-ref'])])
bom.dependencies = bom.dependencies.filter(({ ref }) => kept.has(ref))
  .map(({ dependsOn = [], ...rest }) => ({ ...rest, dependsOn: dependsOn.filter((ref) => kept.has(ref)) }))
// npm uses the folder's name as the application's name.
bom.metadata.component.name = 'secrets-gateway'

const listed = new Set(bom.components.map(lineOf))
const faults = [...locked].filter((one) => !listed.has(one)).map((one) => `${one}: in package-lock.json, but not in the bill of materials`)

/** Returns the licences of a package. For a package without a licence, returns a text that is not on the list. */
const licencesOf = ({ licenses = [] }: Static<typeof Component>): string[] =>
  licenses.length === 0 ? ['no licence'] : licenses.map(({ license, expression }) => license?.id ?? license?.name ?? expression ?? 'no licence')

for (const component of bom.components) {
  for (const licence of licencesOf(component)) {
    if (!allowed.has(licence)) faults.push(`${component.purl}: ${licence} is not among the licences that are allowed`)
  }
}

if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}
const [file = join(root, 'sbom.cdx.json')] = process.argv.slice(2)
writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`)
console.log(`${file}: ${bom.components.length} packages, with ${[...new Set(bom.components.flatMap(licencesOf))].toSorted().join(', ')}`)
