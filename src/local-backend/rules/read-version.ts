import type { SecretValueEntry } from '@aws-sdk/client-secrets-manager'
import { errors } from '#src/aws-protocol/errors'
import { seconds, type WireForm } from '#src/aws-protocol/wire-form'
import { markSecretAccessed, type Secret } from '#src/local-backend/store/secrets'
import { labelsOf, versionWithLabel } from '#src/local-backend/store/staging-labels'
import type { Store } from '#src/local-backend/store/store'
import { findVersion, markVersionAccessed, type Version } from '#src/local-backend/store/versions'
import type { OperationContext } from './context.ts'
import { day } from './day.ts'
import { readValue, valueOutput } from './secret-value.ts'
import { current } from './staging-labels.ts'

/**
 * The version of a secret that a request chooses, by ID, by staging label or by both. The default is the version labelled
 * AWSCURRENT.
 */
export interface VersionChoice {
  VersionId?: string
  VersionStage?: string
}

/** Returns a version's value, and records today as the day on which the secret and the version were last read. */
export function readVersion (
  context: OperationContext, secret: Secret, choice: VersionChoice
): WireForm<SecretValueEntry> {
  const { store } = context
  const version = chooseVersion(store, secret, choice)
  const value = readValue(context, secret, version)
  markAccessed(context, secret, version)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    ...valueOutput(value),
    VersionStages: labelsOf(store, secret, version.versionId),
    CreatedDate: seconds(version.createdAt)
  }
}

/** Records the day on which a secret and its version were read. Writes only when they are read for the first time that day. */
function markAccessed ({ now, deferredWrites }: OperationContext, secret: Secret, version: Version): void {
  const today = now - now % day
  if (secret.accessedOn === today && version.accessedOn === today) return
  deferredWrites.push((store) => {
    markSecretAccessed(store, secret, today)
    markVersionAccessed(store, version, today)
  })
}

function chooseVersion (store: Store, secret: Secret, { VersionId, VersionStage }: VersionChoice): Version {
  const stage = VersionStage ?? current
  const versionId = VersionId ?? versionWithLabel(store, secret, stage)
  const version = versionId === undefined ? undefined : findVersion(store, secret, versionId)
  if (version === undefined) throw VersionId === undefined ? errors.labelNotFound(stage) : errors.versionNotFound(VersionId)
  if (VersionStage !== undefined && versionWithLabel(store, secret, VersionStage) !== versionId) throw errors.labelNotOnVersion()
  return version
}
