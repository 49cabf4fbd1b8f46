import { resolve } from 'node:path'
import { Type, type Static } from '@sinclair/typebox'
import { standardOutput, type AuditSettings } from '#src/audit/settings'
import { closed, Enum } from '#src/schema/types'

/** The `audit` section of the configuration file. The audit trail can't be switched off. */
export const AuditSchema = Type.Object({
  file: Type.Optional(Type.String({ minLength: 1, description: 'the trail\'s file, or `-` for standard output' })),
  durability: Type.Optional(Enum(['written', 'synced'], { description: 'the durability of a record before the request continues' })),
  keyFile: Type.Optional(Type.String({ minLength: 1, description: 'the private key that signs the trail: Ed25519, in PEM' })),
  timeoutSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 60, description: 'the timeout of a write' }))
}, closed)

/**
 * Fills in the defaults of the `audit` section.
 *
 * @param folder the base of relative paths
 */
export function auditFrom (declared: Static<typeof AuditSchema>, folder: string): AuditSettings {
  const { file, keyFile, durability = 'written', timeoutSeconds = 5 } = declared
  return {
    durability,
    writeTimeout: timeoutSeconds * 1_000,
    ...(file !== undefined && { file: file === standardOutput ? file : resolve(folder, file) }),
    ...(keyFile !== undefined && { keyFile: resolve(folder, keyFile) })
  }
}
